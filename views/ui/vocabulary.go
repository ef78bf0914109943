package ui

import "github.com/kartify/kartify/lang"

// vocabulary are the words that the database knows states, kinds and outcomes by, as Words writes them, for the
// catalogs: no other literal names them.
var _ = []lang.Text{
	lang.Textf("Abandoned"), lang.Textf("Absent"), lang.Textf("Accepted"), lang.Textf("Active"), lang.Textf("Already"), lang.Textf("Amount update"),
	lang.Textf("Api"), lang.Textf("Approved"), lang.Textf("Arrived"), lang.Textf("Asking"), lang.Textf("Authorized"), lang.Textf("Available"),
	lang.Textf("Awaiting approval"), lang.Textf("Blocked"), lang.Textf("Bulk"), lang.Textf("Call"), lang.Textf("Cancel"), lang.Textf("Canceled"),
	lang.Textf("Cancelled"), lang.Textf("Capture"), lang.Textf("Captured"), lang.Textf("Card"), lang.Textf("Changed"), lang.Textf("Chargeback"),
	lang.Textf("Cod"), lang.Textf("Complete"), lang.Textf("Completed"), lang.Textf("Confirm"), lang.Textf("Confirm payment"), lang.Textf("Confirmed"),
	lang.Textf("Created"), lang.Textf("Customer"), lang.Textf("Data request"), lang.Textf("Debited"), lang.Textf("Declined"), lang.Textf("Default"),
	lang.Textf("Delivered"), lang.Textf("Development"), lang.Textf("Disabled"), lang.Textf("Discarded"), lang.Textf("Dispatching"), lang.Textf("Done"),
	lang.Textf("Dropped"), lang.Textf("Duplicate"), lang.Textf("Emi"), lang.Textf("Enabled"), lang.Textf("Error"), lang.Textf("Event"),
	lang.Textf("Expired"), lang.Textf("Expiring"), lang.Textf("Failed"), lang.Textf("First stage"), lang.Textf("Forged"), lang.Textf("Healthy"),
	lang.Textf("Invalid"), lang.Textf("Invited"), lang.Textf("Invoice"), lang.Textf("Job"), lang.Textf("Live"), lang.Textf("Locked"),
	lang.Textf("Lookup"), lang.Textf("Lost"), lang.Textf("Matched"), lang.Textf("Misconfigured"), lang.Textf("Mismatch"), lang.Textf("Missing"),
	lang.Textf("Moved"), lang.Textf("Needs review"), lang.Textf("Netbanking"), lang.Textf("Not sent"), lang.Textf("Note"), lang.Textf("Obtained"),
	lang.Textf("One stage"), lang.Textf("Operation"), lang.Textf("Order"), lang.Textf("Orders"), lang.Textf("Parked"), lang.Textf("Partially refunded"),
	lang.Textf("Partner"), lang.Textf("Passed"), lang.Textf("Payment"), lang.Textf("Payment session"), lang.Textf("Payments"), lang.Textf("Pending"),
	lang.Textf("Plan"), lang.Textf("Planned"), lang.Textf("Planning"), lang.Textf("Processed"), lang.Textf("Processing"), lang.Textf("Provider"),
	lang.Textf("Published"), lang.Textf("Queued"), lang.Textf("Received"), lang.Textf("Redirected"), lang.Textf("Refund"), lang.Textf("Refund done"),
	lang.Textf("Refund initiated"), lang.Textf("Refund session"), lang.Textf("Refunded"), lang.Textf("Refunding"), lang.Textf("Refused"),
	lang.Textf("Rejected"), lang.Textf("Removed"), lang.Textf("Requested"), lang.Textf("Resend"), lang.Textf("Resolved"), lang.Textf("Retryable"),
	lang.Textf("Retrying"), lang.Textf("Running"), lang.Textf("Same"), lang.Textf("Sandbox"), lang.Textf("Scheduled"), lang.Textf("Second stage"),
	lang.Textf("Send"), lang.Textf("Sending"), lang.Textf("Sent"), lang.Textf("Shipped"), lang.Textf("Shop"), lang.Textf("Skip"), lang.Textf("Skipped"),
	lang.Textf("Staff"), lang.Textf("Started"), lang.Textf("Starting"), lang.Textf("Status"), lang.Textf("Stuck"), lang.Textf("Succeeded"),
	lang.Textf("Success"), lang.Textf("Suppressed"), lang.Textf("Test"), lang.Textf("Timeout"), lang.Textf("Two stage"), lang.Textf("Unavailable"),
	lang.Textf("Under review"), lang.Textf("Unknown"), lang.Textf("Unreachable"), lang.Textf("Unreadable"), lang.Textf("Unverified"), lang.Textf("Upi"),
	lang.Textf("Verified"), lang.Textf("Void"), lang.Textf("Waiting"), lang.Textf("Wallet"), lang.Textf("Webhook"),
}
