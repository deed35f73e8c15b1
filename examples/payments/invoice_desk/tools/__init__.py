"""The desk's tools, for effect workers: INTERLOCK_TOOLS=invoice_desk.tools.

They read the folder and speak to the bank. What may be paid, policies and people decide.
"""

from interlock.effects.tools.tool import Tool, Traits
from invoice_desk.tools import filing, paying
from invoice_desk.tools.asked import (
    Files,
    Hold,
    Listing,
    Named,
    Nothing,
    Numbered,
    Paid,
    Pay,
    Payments,
    Referenced,
    Refund,
    Text,
)

PAY = Tool(
    "pay",
    paying.pay,
    asks=Pay,
    tells=Paid,
    traits=Traits(risk="irreversible", repeatable=True, target="creditor_iban", undo="refund"),
    description="Pay an invoice from our account; each reference once.",
)
REFUND = Tool(
    "refund",
    paying.refund,
    asks=Refund,
    tells=Paid,
    traits=Traits(risk="irreversible", repeatable=True, target="creditor_iban"),
    description="Take a payment back.",
)
LIST_INVOICES = Tool(
    "list_invoices",
    filing.list_invoices,
    asks=Nothing,
    tells=Listing,
    traits=Traits(risk="read", repeatable=True),
    description="Tell which invoices the folder holds, and what this task has made of each.",
)
READ_INVOICE = Tool(
    "read_invoice",
    filing.read_invoice,
    asks=Named,
    tells=Text,
    traits=Traits(risk="read", repeatable=True, untrusted=True),
    description="Tell the text of an invoice.",
)
FIND_INVOICES = Tool(
    "find_invoices",
    filing.find_invoices,
    asks=Numbered,
    tells=Files,
    traits=Traits(risk="read", repeatable=True),
    description="Tell which files of the folder are an invoice of a number.",
)
FIND_PAYMENTS = Tool(
    "find_payments",
    paying.find_payments,
    asks=Referenced,
    tells=Payments,
    traits=Traits(risk="read", repeatable=True),
    description="Tell the payments of a reference that the bank has booked.",
)
HOLD_INVOICE = Tool(
    "hold_invoice",
    filing.hold_invoice,
    asks=Hold,
    tells=Hold,
    traits=Traits(risk="write", repeatable=True, target="file"),
    description="Put an invoice aside, in the task's workspace, with the reason.",
)
