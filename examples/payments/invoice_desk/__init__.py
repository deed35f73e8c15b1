"""An invoice desk: agents read invoices and ask for payments; policies and people decide what is paid."""
