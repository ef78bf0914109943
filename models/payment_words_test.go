package models

import (
	"testing"

	"github.com/kartify/kartify/lang"
)

// TestPayKeepersOwnWords: whoever reads Russian sees the statuses that PayKeeper's cabinet shows (PayKeeper docs,
// Платежи), letter by letter, and the one kartify adds.
func TestPayKeepersOwnWords(t *testing.T) {
	for status, want := range map[PaymentStatus]string{
		PaymentPending: "Ожидает оплаты", PaymentObtained: "Получен", PaymentCanceled: "Отменен", PaymentFailed: "Не состоялся",
		PaymentSuccess: "Совершён", PaymentStuck: "Совершён без оповещения", PaymentRefunding: "Инициирован возврат",
		PaymentRefunded: "Возвращён клиенту", PaymentPartiallyRefunded: "Частично возвращен клиенту", PaymentAuthorized: "Авторизован",
	} {
		if got := status.Word(lang.With(t.Context(), "ru")); got != want {
			t.Errorf("%s is %q in Russian, want %q", status, got, want)
		}
		if got := status.Word(t.Context()); got != status.Label() {
			t.Errorf("%s is %q in English, want %q", status, got, status.Label())
		}
	}
	if len(PaymentStatuses) != 10 {
		t.Errorf("%d statuses, want the nine and authorized", len(PaymentStatuses))
	}
}
