package handlers

import (
	"github.com/kartify/kartify/handlers/callbacks"
	"github.com/kartify/kartify/handlers/fyndapi"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// Extensions > Fynd payment extension.
func (h *Handlers) fyndExtensionRoutes() []web.Route {
	return []web.Route{
		menu("Extensions > Fynd payment extension", "puzzle", get("/extensions/fynd", models.FyndRead, h.ListFyndExtensions)),
		get("/extensions/fynd/new", models.FyndManage, h.NewFyndExtension),
		withLogo(post("/extensions/fynd", models.FyndManage, h.CreateFyndExtension)),
		get("/extensions/fynd/:extension", models.FyndRead, h.ShowFyndExtension),
		withLogo(post("/extensions/fynd/:extension", models.FyndManage, h.SaveFyndExtension)),
		get("/extensions/fynd/:extension/logo", models.FyndRead, h.ShowFyndLogo),
		post("/extensions/fynd/:extension/publication", models.FyndManage, h.SaveFyndPublication),
		post("/extensions/fynd/:extension/submissions", models.FyndManage, h.SubmitFyndExtension),
		post("/extensions/fynd/:extension/reviews", models.FyndReview, h.EndFyndReview),
		post("/extensions/fynd/:extension/secrets", models.FyndManage, h.ReplaceFyndSecret),
		post("/extensions/fynd/:extension/secrets/reveal", models.FyndManage, h.RevealFyndSecret),
		post("/extensions/fynd/:extension/subscribers", models.FyndManage, h.AddFyndSubscriber),
		post("/extensions/fynd/:extension/subscribers/remove", models.FyndManage, h.RemoveFyndSubscriber),
		get("/extensions/fynd/:extension/volume.csv", models.FyndRead, h.DownloadFyndVolume),

		// Companies that installed a Fynd payment extension
		get("/extensions/fynd/:extension/installs", models.FyndRead, h.ListFyndInstalls),
		post("/extensions/fynd/:extension/installs/:install/subscriptions", models.FyndManage, h.SubscribeFyndInstall),
		post("/extensions/fynd/:extension/channels/:channel/store", models.FyndManage, h.LinkFyndChannel),
	}
}

// What Fynd Platform calls of a payment extension. The checksum of a request is its proof: a line is
// platform(post(…, models.Public, fynd.Posted(fynd.CreateX))), or fynd.Asked("gid", fynd.ShowX) for a GET.
func (h *Handlers) fyndRoutes() []web.Route {
	fynd, hooks := fyndapi.New(h.DB, h.web.Address, h.quirks), callbacks.New(h.DB, nil)
	table := []web.Route{
		// Payments
		platform(post(fyndapi.Base+"/payment_session/:gid", models.Public, fynd.Posted(fynd.StartSession))),
		platform(get(fyndapi.Base+"/payment_session/:gid", models.Public, fynd.Asked("gid", fynd.ShowSession))),
		fyndBuyers(get(models.FyndLoaderPath+":id", models.Public, fynd.Loader)),

		// Refunds
		platform(post(fyndapi.Base+"/payment_session/:gid/refund", models.Public, fynd.Posted(fynd.CreateRefund))),
		platform(get(fyndapi.Base+"/payment_session/:gid/refund", models.Public, fynd.Asked("gid", fynd.ListRefunds))),
		platform(get(fyndapi.Base+"/payment_session/:gid/refund/:request_id", models.Public, fynd.Asked("gid", fynd.ShowRefund))),

		// Credentials
		platform(get(fyndapi.Base+"/secrets/:app_id", models.Public, fyndapi.Tell(fynd.ShowSecrets))),
		platform(post(fyndapi.Base+"/secrets", models.Public, fyndapi.Tell(fynd.StoreSecrets))),

		// People's data
		platform(post(fyndapi.Base+"/gdpr/customers/data_request", models.Public, fynd.Posted(fynd.AskData))),
		platform(post(fyndapi.Base+"/gdpr/customers/redact", models.Public, fynd.Posted(fynd.EraseCustomer))),
		platform(post(fyndapi.Base+"/gdpr/shop/redact", models.Public, fynd.Posted(fynd.EraseShop))),
		platform(post(fyndapi.Base+"/webhooks/gdpr/customers/data_request", models.Public, fynd.Posted(fynd.AskData))),
		platform(post(fyndapi.Base+"/webhooks/gdpr/customers/redact", models.Public, fynd.Posted(fynd.EraseCustomer))),
		platform(post(fyndapi.Base+"/webhooks/gdpr/shop/redact", models.Public, fynd.Posted(fynd.EraseShop))),

		// Events of the companies that installed an extension
		provider(post(platformWebhooks, models.Public, hooks.Platform)),
	}
	nowhere := fyndapi.Tell(fyndapi.Nowhere(table))
	for _, method := range everyMethod {
		table = append(table, platform(web.Route{Method: method, Path: fyndapi.Base + "/*", Permission: models.Public, Handler: nowhere}))
	}
	return h.timed(table)
}

// platformWebhooks is where Fynd Platform sends the events of companies.
const platformWebhooks = fyndapi.Base + "/webhooks/platform"

// platform is for Fynd Platform, whose requests carry a checksum.
func platform(r web.Route) web.Route {
	r = machine(r)
	r.BodyLimit, r.Errors = fyndapi.Limit, fyndapi.Errors
	return r
}

// fyndBuyers is for buyers whom Fynd sent here, whom the session in the address lets in.
func fyndBuyers(r web.Route) web.Route {
	r = buyers(r)
	r.Errors = fyndapi.LoaderErrors
	return r
}

// withLogo is a form with a picture in it.
func withLogo(r web.Route) web.Route {
	r.BodyLimit = models.MaxLogoBytes + 1<<20
	return r
}
