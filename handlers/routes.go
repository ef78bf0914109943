package handlers

import (
	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/handlers/api"
	"github.com/kartify/kartify/handlers/callbacks"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// routes is every address of kartify and who may use it, in the order of the menu. A line without a
// permission stops the start. Flags are fields of web.Route.
func (h *Handlers) routes() []web.Route {
	var table []web.Route
	for _, part := range [][]web.Route{
		h.homeRoutes(),
		h.salesRoutes(),
		h.extensionRoutes(),
		h.fyndExtensionRoutes(),
		h.notificationRoutes(),
		h.systemRoutes(),
		h.personRoutes(),
		h.machineRoutes(),
		h.sellerRoutes(),
		h.fyndRoutes(),
		h.programRoutes(),
	} {
		table = append(table, part...)
	}
	return table
}

// The start and the finder.
func (h *Handlers) homeRoutes() []web.Route {
	return []web.Route{
		menu("Dashboard", "home", scoped(get("/", models.SignedIn, h.ShowDashboard))),
		scoped(get("/find", models.OrdersRead, h.Find)),
	}
}

// Sales: orders, payments, limbo, reconciliation.
func (h *Handlers) salesRoutes() []web.Route {
	return []web.Route{
		menu("Sales > Orders", "shopping-cart", scoped(get("/sales/orders", models.OrdersRead, h.ListOrders))),
		scoped(get("/sales/orders/count", models.OrdersRead, h.CountOrders)),
		scoped(get("/sales/orders/export.csv", models.OrdersExport, h.ExportOrders)),
		scoped(get("/sales/orders/export.xlsx", models.OrdersExport, h.ExportOrders)),
		scoped(get("/sales/orders/filters/:part", models.OrdersRead, h.EditOrderFilter)),
		scoped(get("/sales/orders/columns", models.OrdersRead, h.EditOrderColumns)),
		scoped(post("/sales/orders/columns", models.OrdersRead, h.ChooseOrderColumns)),
		scoped(get("/sales/orders/views", models.OrdersRead, h.ListSavedViews)),
		scoped(get("/sales/orders/views/new", models.OrdersRead, h.NewSavedView)),
		scoped(post("/sales/orders/views", models.OrdersRead, h.CreateSavedView)),
		scoped(post("/sales/orders/views/:view", models.OrdersRead, h.ChangeSavedView)),
		scoped(post("/sales/orders/views/:view/delete", models.OrdersRead, h.DeleteSavedView)),
		scoped(get("/sales/orders/:order", models.OrdersRead, h.ShowOrder)),
		background(get("/sales/orders/:order/progress", models.OrdersRead, h.OrderProgress)),
		scoped(post("/sales/orders/:order/status", models.OrdersStatus, h.ChangeStatus)),
		scoped(post("/sales/orders/:order/status-actions/:action/retry", models.OperationRetry, h.RetryStatusAction)),
		scoped(post("/sales/orders/:order/status-actions/:action/pass", models.StatusPass, h.PassStatusAction)),
		scoped(get("/sales/status-changes/new", models.OrdersStatus, h.NewStatusRun)),
		scoped(post("/sales/status-changes", models.OrdersStatus, h.CreateStatusRun)),
		scoped(get("/sales/status-changes/:run", models.OrdersStatus, h.ShowStatusRun)),
		background(get("/sales/status-changes/:run/progress", models.OrdersStatus, h.StatusRunProgress)),
		scoped(post("/sales/status-changes/:run/start", models.OrdersStatus, h.StartStatusRun)),
		scoped(post("/sales/status-changes/:run/cancel", models.OrdersStatus, h.CancelStatusRun)),
		scoped(post("/sales/status-changes/:run/retry", models.OperationRetry, h.RetryStatusRun)),
		scoped(get("/sales/orders/:order/payments/:payment/refunds/new", models.RefundMoney, h.NewRefund)),
		moneyForm(post("/sales/orders/:order/payments/:payment/refunds", models.RefundMoney, h.CreateRefund)),
		scoped(get("/sales/orders/:order/payments/:payment/captures/new", models.CaptureMoney, h.NewCapture)),
		moneyForm(post("/sales/orders/:order/payments/:payment/captures", models.CaptureMoney, h.CreateCapture)),
		scoped(get("/sales/orders/:order/payments/:payment/cancellations/new", models.VoidMoney, h.NewCancellation)),
		moneyForm(post("/sales/orders/:order/payments/:payment/cancellations", models.VoidMoney, h.CreateCancellation)),
		scoped(get("/sales/orders/:order/payments/:payment/amount-updates/new", models.UpdateAmount, h.NewAmountUpdate)),
		moneyForm(post("/sales/orders/:order/payments/:payment/amount-updates", models.UpdateAmount, h.CreateAmountUpdate)),
		moneyForm(post("/sales/orders/:order/payments/:payment/planned-captures", models.CaptureMoney, h.PlanCapture)),
		scoped(post("/sales/orders/:order/payments/:payment/planned-captures/cancellations", models.CaptureMoney, h.CancelPlannedCapture)),
		scoped(post("/sales/orders/:order/updates/:update/retry", models.OperationRetry, h.RetryUpdate)),
		scoped(post("/sales/orders/:order/payment-links", models.PaymentLinks, h.CreatePaymentLink)),
		scoped(post("/sales/orders/:order/payment-links/revoke", models.PaymentLinks, h.RevokePaymentLink)),
		scoped(post("/operations/:operation/retry", models.OperationRetry, h.RetryOperation)),
		scoped(get("/operations/:operation/review", models.OperationDecide, h.ReviewOperation)),
		scoped(post("/operations/:operation/decision", models.OperationDecide, h.DecideOperation)),

		// Notifications to shops
		moneyForm(post("/sales/payments/:payment/notifications", models.NotificationResend, h.CreateNotification)),

		// Payments
		menu("Sales > Payments", "shopping-cart", scoped(get("/sales/payments", models.OrdersRead, h.ListPayments))),
		scoped(get("/sales/payments/registry.xlsx", models.OrdersExport, h.DownloadPayments)),
		scoped(get("/sales/payments/:payment", models.OrdersRead, h.ShowPayment)),

		// Limbo
		menu("Sales > Limbo", "shopping-cart", scoped(get("/sales/limbo", models.OrdersRead, h.ListLimbo))),
		scoped(get("/sales/limbo/trends", models.OrdersRead, h.ShowLimboTrends)),
		scoped(post("/sales/limbo/fixes", models.OrdersRead, h.FixLimbo)),
		scoped(post("/sales/limbo/alerts", models.EmailSettings, h.SaveLimboAlert)),

		// Reconciliation
		menu("Sales > Reconciliation", "shopping-cart", scoped(get("/sales/reconciliations", models.ReconcileRun, h.ListReconciliations))),
		upload(post("/sales/reconciliations", models.ReconcileRun, h.CreateReconciliation)),
		scoped(post("/sales/reconciliations/fetches", models.ReconcileRun, h.FetchReconciliation)),
		scoped(post("/sales/reconciliations/:reconciliation/retries", models.ReconcileRun, h.RetryReconciliation)),
		scoped(post("/sales/reconciliations/mappings", models.ReconcileRun, h.SaveReconciliationMapping)),
		scoped(get("/sales/reconciliations/:reconciliation", models.ReconcileRun, h.ShowReconciliation)),
		background(get("/sales/reconciliations/:reconciliation/progress", models.ReconcileRun, h.ReconciliationProgress)),
		scoped(get("/sales/reconciliations/:reconciliation/file", models.ReconcileRun, h.DownloadReconciliation)),
		scoped(get("/sales/reconciliations/:reconciliation/rows.csv", models.ReconcileRun, h.ExportReconciliation)),
		scoped(get("/sales/reconciliations/:reconciliation/rows.xlsx", models.ReconcileRun, h.ExportReconciliation)),
		scoped(post("/sales/reconciliations/:reconciliation/resolve", models.ReconcileRun, h.ResolveRows)),
		scoped(post("/sales/reconciliations/:reconciliation/rows/:row/resolve", models.ReconcileRun, h.ResolveRow)),

		// Exports
		menu("Sales > Exports", "shopping-cart", scoped(get("/exports", models.OrdersExport, h.ListExports))),
		scoped(get("/exports/count", models.OrdersExport, h.NewExport)),
		background(get("/exports/progress", models.OrdersExport, h.ExportProgress)),
		scoped(post("/exports", models.OrdersExport, h.CreateExport)),
		scoped(get("/exports/:export/file", models.OrdersExport, h.DownloadExport)),
		scoped(post("/exports/:export/delete", models.OrdersExport, h.DeleteExport)),
	}
}

// Extensions: payment gateways.
func (h *Handlers) extensionRoutes() []web.Route {
	return []web.Route{
		menu("Extensions > Extensions > Payment", "puzzle", scoped(get("/extensions/payment", models.PaymentSettings, h.ListGateways))),
		scoped(get("/extensions/payment/:gateway", models.PaymentSettings, h.ShowGateway)),
		scoped(post("/extensions/payment/:gateway", models.PaymentCredentials, h.SaveGateway)),
		scoped(post("/extensions/payment/:gateway/checks", models.PaymentSettings, h.CheckGateway)),
		scoped(post("/extensions/payment/:gateway/return-urls", models.PaymentCredentials, h.SaveReturnURLs)),
	}
}

// Extensions > Payment notifications.
func (h *Handlers) notificationRoutes() []web.Route {
	return []web.Route{
		menu("Extensions > Payment notifications", "puzzle", scoped(get("/extensions/notifications", models.PaymentSettings, h.ShowNotificationSettings))),
		scoped(post("/extensions/notifications", models.PaymentCredentials, h.SaveNotificationSettings)),
	}
}

// Systems: order status actions, tools, users, stores, audit, jobs, API tokens.
func (h *Handlers) systemRoutes() []web.Route {
	return []web.Route{
		// Capture deadlines
		menu("Systems > Capture deadlines", "settings", scoped(get("/system/capture-deadlines", models.CaptureMoney, h.ListCaptureRules))),
		scoped(post("/system/capture-deadlines", models.CaptureMoney, h.SaveCaptureRule)),

		// Order status actions
		menu("Systems > Order status actions", "settings", scoped(get("/system/order-status-actions", models.StatusActions, h.ShowStatusActions))),
		scoped(post("/system/order-status-actions", models.StatusActions, h.SaveStatusActions)),

		// Tools
		menu("Systems > Tools > Data Log", "settings", scoped(get("/system/tools/data-log", models.DataLogRead, h.ListDataLog))),
		scoped(get("/system/tools/data-log/webhooks/:webhook", models.WebhooksRead, h.ShowWebhook)),
		scoped(post("/system/tools/data-log/webhooks/:webhook/reveals", models.LogReveal, h.RevealWebhook)),
		scoped(post("/system/tools/data-log/webhooks/:webhook/replays", models.LogReplay, h.ReplayWebhook)),

		// Fynd API
		menu("Systems > Tools > Fynd API > GoFynd API > Confirm Payment", "settings", scoped(get("/system/tools/fynd-api/gofynd-api", models.ConfirmPayment, h.ShowConfirm))),
		scoped(post("/system/tools/fynd-api/gofynd-api/confirmations", models.ConfirmPayment, h.CreateConfirmation)),
		scoped(get("/system/tools/fynd-api/gofynd-api/confirmations/:confirmation", models.ConfirmPayment, h.ShowConfirmation)),
		background(get("/system/tools/fynd-api/gofynd-api/confirmations/:confirmation/progress", models.ConfirmPayment, h.ConfirmationProgress)),

		// E-mails
		menu("Systems > E-mails", "settings", scoped(get("/system/emails", models.EmailsRead, h.ShowEmailRules))),
		scoped(post("/system/emails", models.EmailSettings, h.SaveEmailRules)),
		scoped(get("/system/tools/emails/:email", models.EmailsRead, h.ShowEmail)),
		scoped(get("/system/tools/emails/:email/body", models.EmailsRead, h.EmailBody)),
		scoped(get("/system/tools/emails/:email/text", models.EmailsRead, h.EmailText)),
		scoped(get("/system/tools/emails/:email/message.eml", models.EmailsRead, h.EmailFile)),
		moneyForm(post("/system/tools/emails/:email/resends", models.EmailsResend, h.ResendEmail)),

		// Users
		menu("Systems > Users", "settings", get("/system/users", models.UsersManage, h.ListUsers)),
		post("/system/users", models.UsersManage, h.InviteUser),
		get("/system/users/:user", models.UsersManage, h.ShowUser),
		post("/system/users/:user", models.UsersManage, h.ChangeUser),
		post("/system/users/:user/links", models.UsersManage, h.CreateUserLink),
		post("/system/users/:user/disable", models.UsersManage, h.DisableUser),
		post("/system/users/:user/enable", models.UsersManage, h.EnableUser),
		post("/system/users/:user/sessions/end", models.UsersManage, h.EndUserSessions),

		// Stores
		menu("Systems > Stores", "settings", scoped(get("/system/stores", models.StoresRead, h.ListStores))),

		// Audit
		menu("Systems > Audit", "settings", scoped(get("/system/audit", models.AuditRead, h.ListAudit))),
		scoped(post("/system/audit/verifications", models.AuditRead, h.VerifyAudit)),

		// Privacy
		menu("Systems > Privacy", "settings", scoped(get("/system/privacy", models.PrivacyManage, h.ListPrivacy))),
		scoped(post("/system/privacy/people", models.PrivacyManage, h.FindPerson)),
		scoped(post("/system/privacy/requests", models.PrivacyManage, h.CreatePrivacyRequest)),
		scoped(post("/system/privacy/:privacy/file", models.PrivacyManage, h.DownloadPrivacyFile)),

		// API tokens
		menu("Systems > API tokens", "settings", get("/system/api-tokens", models.TokensManage, h.ListAPITokens)),
		post("/system/api-tokens", models.TokensManage, h.CreateAPIToken),
		post("/system/api-tokens/:apitoken/revoke", models.TokensManage, h.RevokeAPIToken),

		// Jobs
		menu("Systems > Jobs", "settings", get("/system/jobs", models.JobsRead, h.ListJobs)),
		post("/system/jobs/:job/runs", models.JobsRun, h.RunJob),
	}
}

// Signing in and out, and what belongs to the person.
func (h *Handlers) personRoutes() []web.Route {
	return []web.Route{
		get("/login", models.Public, h.ShowLogin),
		post("/login", models.Public, h.SignIn),
		post("/logout", models.Public, h.SignOut),
		get("/setup/:token", models.Public, h.ShowSetup),
		post("/setup/:token", models.Public, h.SetUp),
		get("/keyboard", models.SignedIn, h.ShowKeyboard),
		get("/profile", models.SignedIn, h.ShowProfile),
		post("/profile/language", models.SignedIn, h.SetLanguage),
		post("/profile/password", models.SignedIn, h.ChangePassword),
		post("/profile/sessions/end", models.SignedIn, h.EndMySessions),
	}
}

// What machines call: providers, Fynd, the public API, whoever watches over the process.
func (h *Handlers) machineRoutes() []web.Route {
	hooks := callbacks.New(h.DB, nil)
	return []web.Route{
		// Providers and partners
		provider(post("/callbacks/razorpay/:store", models.Public, hooks.Razorpay)),
		provider(post("/callbacks/gofynd", models.Public, hooks.GoFynd)),
		provider(post("/callbacks/klarna/:store/:order", models.Public, hooks.Klarna)),
		provider(post("/callbacks/svea/:store/:order", models.Public, hooks.Svea)),
		provider(post("/callbacks/paykeeper/:store", models.Public, hooks.PayKeeper)),
		provider(post("/callbacks/ccavenue/:store/return", models.Public, hooks.CCAvenueReturn)),
		provider(post("/callbacks/ccavenue/:store/echo", models.Public, hooks.CCAvenueEcho)),

		// The buyer's side
		buyers(get("/pay", models.Public, h.Paying)),
		buyers(get("/pay/:token", models.Public, h.Pay)),
		buyers(get("/pay/:token/result", models.Public, h.PayResult)),
		buyers(post("/pay/:token/result", models.Public, h.PayResult)),

		// Operations
		machine(get("/healthz", models.Public, h.Live)),
		machine(get("/readyz", models.Public, h.Ready)),
		machine(get("/metrics", models.Public, h.Metrics)),
		machine(get("/static/*", models.Public, h.Static)),
	}
}

// everyMethod is every way to ask for something, for addresses that say what else they take.
var everyMethod = []string{echo.GET, echo.POST, echo.PUT, echo.PATCH, echo.DELETE, echo.OPTIONS}

// The public API. The permission of a line is the scope that a token needs.
func (h *Handlers) programRoutes() []web.Route {
	public := api.New(h.DB, h.web.Address)
	const orders, money = api.Base + "/orders", api.Base + "/orders/:order/payments/:payment"
	table := []web.Route{
		program(get(orders, models.OrdersRead, public.ListOrders)),
		program(post(orders, models.OrdersCreate, public.CreateOrder)),
		program(get(orders+"/:order", models.OrdersRead, public.ShowOrder)),
		program(post(orders+"/:order/status", models.OrdersStatus, public.ChangeStatus)),
		program(post(orders+"/:order/plan", models.OrdersRead, public.CreatePlan)),
		program(get(orders+"/:order/payments", models.OrdersRead, public.ListPayments)),
		program(post(money+"/refunds", models.RefundMoney, public.CreateRefund)),
		program(post(money+"/captures", models.CaptureMoney, public.CreateCapture)),
		program(post(money+"/cancellations", models.VoidMoney, public.CreateCancellation)),
		program(post(money+"/amount-updates", models.UpdateAmount, public.CreateAmountUpdate)),
		program(get(api.Base+"/payments/:payment", models.OrdersRead, public.ShowPayment)),
		program(get(api.Base+"/operations/:operation", models.OrdersRead, public.ShowOperation)),
		machine(get(api.Base+"/openapi.json", models.Public, public.Document)),
	}
	nowhere := api.Nowhere(table)
	for _, method := range everyMethod {
		line := machine(web.Route{Method: method, Path: api.Base + "/*", Permission: models.Public, Handler: nowhere})
		line.Errors = api.Errors
		table = append(table, line)
	}
	return table
}

func get(path string, p models.Permission, handler echo.HandlerFunc) web.Route {
	return web.Route{Method: echo.GET, Path: path, Permission: p, Handler: handler}
}

func post(path string, p models.Permission, handler echo.HandlerFunc) web.Route {
	return web.Route{Method: echo.POST, Path: path, Permission: p, Handler: handler}
}

// menu shows a page in the menu, under a heading with this icon.
func menu(words, icon string, r web.Route) web.Route {
	r.Menu, r.Icon = words, icon
	return r
}

// scoped says that what the route shows or changes belongs to a store.
func scoped(r web.Route) web.Route {
	r.StoreScoped = true
	return r
}

// machine is for callers without a session, who prove who they are by other means.
func machine(r web.Route) web.Route {
	r.NoSession, r.CSRFExempt = true, true
	return r
}

// program is for programs with an API token.
func program(r web.Route) web.Route {
	r = scoped(machine(r))
	r.Bearer, r.BodyLimit, r.Errors, r.Handler = true, api.Limit, api.Errors, api.Tell(r.Handler)
	return r
}

// provider is for webhooks, which a signature over the body vouches for.
func provider(r web.Route) web.Route {
	r = machine(r)
	r.BodyLimit, r.Errors = callbacks.Limit, callbacks.Errors
	return r
}

// buyers is for people who pay and have no account here: the token in the address is all they need. Providers
// send them back with a form of their own.
func buyers(r web.Route) web.Route {
	r = machine(r)
	r.Errors = payErrors
	return r
}

// moneyForm is a form with an operation token of its own.
func moneyForm(r web.Route) web.Route {
	r.StoreScoped, r.OpToken = true, true
	return r
}

// background is a region that refreshes itself: it keeps no session alive.
func background(r web.Route) web.Route {
	r.StoreScoped, r.Background = true, true
	return r
}

// upload is a form with a file of a gateway's in it.
func upload(r web.Route) web.Route {
	r.StoreScoped, r.BodyLimit = true, models.MaxReconciliationBytes+1<<20
	return r
}
