"""River valleys, straight and bent, and update rules on them."""
