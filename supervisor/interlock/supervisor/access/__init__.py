"""Access: admits who may connect, cuts off whom a kill names, and says what it saw. It decides no facts."""
