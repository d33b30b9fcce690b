"""What is here, what is missing, and what would mend it."""
