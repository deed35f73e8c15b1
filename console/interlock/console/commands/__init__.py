"""One file for each group of commands; `table` names them without importing any."""
