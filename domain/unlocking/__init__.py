"""Opening a door from afar: who may, and which commands still stand."""
