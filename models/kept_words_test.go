package models

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// TestHistoriesInTheReadersLanguage: what the code writes into an order's history is known again on the page.
func TestHistoriesInTheReadersLanguage(t *testing.T) {
	ru := lang.With(t.Context(), "ru")
	op := Operation{Kind: gateways.Refund, AmountMinor: 123450, Currency: "RUB", Reason: "returned"}
	done, failed, lost := op, op, op
	done.State, done.Ref = Succeeded, "rfnd_1"
	failed.State, failed.Problem = Failed, "No mail server is configured."
	lost.State = UnknownOutcome
	for _, c := range []struct{ written, want string }{
		{op.requested(), "Возврат, 1\u00a0234,50 RUB: запрошено. Причина: Возврат товара."},
		{done.sentence("webhook"), "Возврат, 1\u00a0234,50 RUB: выполнено под номером rfnd_1 (вебхук)."},
		{failed.sentence("answer"), "Возврат, 1\u00a0234,50 RUB: не удалось (ответ). Почтовый сервер не настроен."},
		{lost.sentence(""), "Возврат, 1\u00a0234,50 RUB: отправлено, но ответ шлюза не пришёл; исход запрашивается."},
		{"REFUND_DONE, request 16916747740991418099, 499.50 INR", "REFUND_DONE, запрос 16916747740991418099, 499,50 INR"},
		{"Everything it says was known already: the refund of 1,234.50 RUB is pending.", "Всё, что в нём сообщается, уже было известно: операция «вернуть» на 1\u00a0234,50 RUB, состояние — ожидает."},
		{"The gateway first said failed and later succeeded.", "Шлюз сначала сообщил «неуспешно», а позже «успешно»."},
		{"The webhook speaks of 10.00 RUB, but 1,234.50 RUB was asked for.", "Источник «вебхук» называет сумму 10,00 RUB, а запрошено 1\u00a0234,50 RUB."},
		{"Refund of 499.50 RUB, rfnd_1", "Возврат на 499,50 RUB, rfnd_1"},
		{"Fynd asks for 10.00 RUB as TR1, but this order is paid. The payment was refused.", "Fynd запрашивает 10,00 RUB под номером TR1, но этот заказ уже оплачен. Платёж отклонён."},
		{"Fynd asks for a refund of 23,000.00 RUB of TR1 as request 9, but only 230.00 RUB is left: one of them is in another unit. The refund was refused.", "Fynd запрашивает возврат 23\u00a0000,00 RUB по TR1 (запрос 9), но остаётся только 230,00 RUB: одна из сумм указана в другой единице. Возврат отклонён."},
		{"Asha: the customer called twice.", "Asha: the customer called twice."},
	} {
		if got := lang.T(ru, c.written); got != c.want {
			t.Errorf("%q is read as %q, want %q", c.written, got, c.want)
		}
		if got := lang.T(t.Context(), c.written); got != c.written {
			t.Errorf("%q is read as %q in English", c.written, got)
		}
	}
}

// TestGatewaysCausesInTheReadersLanguage: what a driver says went wrong is read in every language, with what stands
// in it and with what the provider said behind it.
func TestGatewaysCausesInTheReadersLanguage(t *testing.T) {
	const lookedUp = "Whether it happened is not known yet; it is looked up before anything else is done."
	for _, written := range []string{
		"Razorpay has already returned the whole payment.",
		"Razorpay did not answer within 20s. " + lookedUp,
		"The connection to Klarna broke before its answer came. " + lookedUp,
		"Svea had a fault of its own. " + lookedUp,
		"PayKeeper could not be reached; nothing was sent. It is tried again.",
		"CCAvenue answered with refunds in another currency. Compare the payment in the CCAvenue dashboard.",
		"Klarna holds 100.00 SEK of this order, not 250.00 SEK. Reload the order and try again.",
		"Svea shows 0.00 SEK of this order left to return. Reload the order.",
		"Razorpay could not be asked for 2 November 2026: Razorpay had a fault of its own. Nothing was changed. No payment is taken for absent because of that. Nothing is in yet.",
		"The file says that its 3 rows come to 100.00 INR, but they add up to 90.00 INR. Rows are missing; download it again.",
	} {
		for _, code := range []string{"hi", "ru", "sv"} {
			said := lang.T(lang.With(t.Context(), code), written)
			for _, english := range []string{" is ", " the ", " of ", " was "} {
				if said == written || strings.Contains(said, english) {
					t.Errorf("%s: %q is read as %q", code, written, said)
					break
				}
			}
		}
	}
	theirs := "Razorpay refused the request as it was written; nothing was moved. Razorpay says: The amount is odd."
	if said := lang.T(lang.With(t.Context(), "ru"), theirs); !strings.HasSuffix(said, "The amount is odd.") || strings.Contains(said, "nothing was moved") {
		t.Errorf("what the provider said is read as %q", said)
	}
}
