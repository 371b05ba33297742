"""Companies and their technicians."""
