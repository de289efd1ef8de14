"""What the programs have in common that speak the checkpassword interface."""
