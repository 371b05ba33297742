"""How it is asked over HTTP: the product factory, what every product shares, and one package per product."""
