"""What the logs of training runs hold, one module for each family of formats; `find.logs_of` tells them apart."""
