package models

import "slices"

// Permission is one thing a person may do.
type Permission string

// What can be permitted. Public needs no session, SignedIn only a session.
const (
	Public             Permission = "public"
	SignedIn           Permission = "signed-in"
	OrdersRead         Permission = "orders.read"
	OrdersStatus       Permission = "orders.status"
	OrdersCreate       Permission = "orders.create"
	OrdersExport       Permission = "orders.export"
	ViewsShare         Permission = "views.share"
	RefundMoney        Permission = "refund.request"
	ApproveRefund      Permission = "refund.approve"
	CaptureMoney       Permission = "capture"
	VoidMoney          Permission = "void"
	UpdateAmount       Permission = "amount.update"
	OperationRetry     Permission = "operation.retry"
	OperationDecide    Permission = "operation.decide" // whether an operation nobody can look up happened
	ConfirmPayment     Permission = "confirm_payment"
	PaymentLinks       Permission = "payment_link" // send buyers to pay
	DataLogRead        Permission = "datalog.read" // any table of it
	WebhooksRead       Permission = "datalog.webhook.read"
	LogReveal          Permission = "datalog.reveal"
	LogReplay          Permission = "datalog.replay"
	EmailsRead         Permission = "datalog.email.read"
	EmailsResend       Permission = "datalog.email.resend"
	EmailSettings      Permission = "settings.email"
	PaymentSettings    Permission = "settings.payment.read"
	PaymentCredentials Permission = "settings.payment.secrets"
	StatusActions      Permission = "status_actions.manage"
	StatusPass         Permission = "status_actions.pass" // go on without a provider that did not do its part
	UsersManage        Permission = "users.manage"
	TokensManage       Permission = "api_tokens.manage" //nolint:gosec // a right, not a secret
	StoresRead         Permission = "stores.read"
	AuditRead          Permission = "audit.read"
	JobsRead           Permission = "jobs.read"
	JobsRun            Permission = "jobs.run"
	ReconcileRun       Permission = "reconcile.run"
	NotificationResend Permission = "notification.resend" // have a shop told of a payment by hand
	FyndRead           Permission = "fynd.read"           // see Fynd payment extensions, who uses them and how they do
	FyndManage         Permission = "fynd.manage"         // register and change them, with their secrets
	FyndReview         Permission = "fynd.review"         // enter what Fynd's review came to
	PrivacyManage      Permission = "privacy.manage"      // hand out and erase a person's data
)

// Role is a set of permissions with a name. Everybody has exactly one.
type Role string

// The roles.
const (
	Owner   Role = "owner"
	Manager Role = "manager"
	Support Role = "support"
	Finance Role = "finance"
	Viewer  Role = "viewer"
	Auditor Role = "auditor"
)

// Roles are all roles, the mightiest first.
var Roles = []Role{Owner, Manager, Support, Finance, Viewer, Auditor}

var permitted = map[Role][]Permission{
	Owner: {
		OrdersRead, OrdersStatus, OrdersCreate, PaymentLinks, OrdersExport, ViewsShare, RefundMoney, ApproveRefund, CaptureMoney, VoidMoney,
		UpdateAmount, OperationRetry, OperationDecide, ConfirmPayment, WebhooksRead, LogReveal, LogReplay, EmailsRead, EmailsResend, EmailSettings, PaymentSettings, PaymentCredentials, StatusActions, StatusPass, UsersManage, TokensManage, StoresRead, AuditRead, JobsRead, JobsRun, ReconcileRun, NotificationResend, PrivacyManage,
		FyndRead, FyndManage, FyndReview,
	},
	Manager: {OrdersRead, OrdersExport, ViewsShare, WebhooksRead, LogReveal, EmailsRead, StoresRead, FyndRead},
	Support: {OrdersRead, PaymentLinks, OrdersStatus, ReconcileRun, RefundMoney, OperationRetry, ConfirmPayment, WebhooksRead, LogReplay, EmailsRead, EmailsResend, NotificationResend, FyndRead},
	Finance: {OrdersRead, PaymentLinks, OrdersExport, ReconcileRun, ViewsShare, RefundMoney, ApproveRefund, CaptureMoney, VoidMoney, UpdateAmount, OperationRetry, OperationDecide, ConfirmPayment, WebhooksRead, PaymentSettings, StatusPass, StoresRead, NotificationResend, FyndRead},
	Viewer:  {OrdersRead},
	Auditor: {AuditRead},
}

// May says whether the role holds the permission.
func (r Role) May(p Permission) bool {
	switch p {
	case Public, SignedIn:
		return true
	case DataLogRead:
		return r.May(WebhooksRead) || r.May(EmailsRead)
	default:
		return slices.Contains(permitted[r], p)
	}
}

// Label is the role as people read it.
func (r Role) Label() string {
	return map[Role]string{
		Owner: "Owner", Manager: "Manager", Support: "Support", Finance: "Finance", Viewer: "Viewer", Auditor: "Auditor",
	}[r]
}
