"""Delivering a message to a virtual domain: what is to be done, decided first, then carried out."""
