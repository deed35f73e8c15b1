"""`python -m invoice_desk.bank FILE --port N`: the bank, until it is stopped. BANK_TOKEN is its token."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from invoice_desk import us
from invoice_desk.bank.books import Books
from invoice_desk.bank.service import Bank

PORT = 8321


def main() -> int:
    """Open the books and serve; return the exit code."""
    parser = argparse.ArgumentParser(description="A small bank, to be paid from.")
    parser.add_argument("file", type=Path, help="where the books stand")
    parser.add_argument("--port", type=int, default=PORT, help="0: any free one")
    arguments = parser.parse_args()
    token = os.environ.get("BANK_TOKEN", "")
    if not token:
        sys.stderr.write("BANK_TOKEN is not set: say which token opens the bank\n")
        return 2
    books = Books(arguments.file)
    books.open_account(us.IBAN, us.NAME, us.OPENING_CENTS)
    bank = Bank(books, token, arguments.port)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # In this thread it would wait for itself.
        threading.Thread(target=bank.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    sys.stdout.write(f"{bank.url}\n")
    sys.stdout.flush()
    try:
        bank.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        return 0
    finally:
        bank.server_close()
        books.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
