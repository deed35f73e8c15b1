"""The researcher: from a question to what the documents say, in their own words."""
