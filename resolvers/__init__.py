"""How a field is answered; the outside is reached only through Protocols."""
