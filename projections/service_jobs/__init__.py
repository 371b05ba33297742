"""Service jobs as their lists and pages show them."""
