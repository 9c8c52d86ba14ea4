"""Claims on rotational equilibrium and the landscape in which the equilibrium law can be derived."""
