"""What is allowed: Cedar policies, compiled, asked, and read as rulings. Pure."""
