"""The executor: from an instruction and what was found to a report in which every claim has its quotation."""
