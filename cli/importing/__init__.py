"""`jobstream import`: what people have, read from files."""
