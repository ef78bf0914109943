package lang

import (
	"context"
	"testing"
	"time"

	"github.com/kartify/kartify/money"
)

// spoken is a context over a catalog of the test's own.
func spoken(t *testing.T, code, catalog string) context.Context {
	t.Helper()
	own := &tongue{code: code, rules: tongues[code].rules}
	own.read()
	own.words.Parse([]byte(catalog))
	return context.WithValue(t.Context(), key{}, own)
}

const russian = `msgid ""
msgstr ""
"Language: ru\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "%[1]s of %[2]s was refunded."
msgstr "Из %[2]s возвращено %[1]s."

msgid "Try %d of the payment of %s ended: %s. %s"
msgstr "Платёж на %[2]s, попытка %[1]d: %[3]s. %[4]s"

msgid "no answer"
msgstr "нет ответа"

msgid "%d order"
msgid_plural "%d orders"
msgstr[0] "%d заказ"
msgstr[1] "%d заказа"
msgstr[2] "%d заказов"
`

func TestSayingWords(t *testing.T) {
	ru, en := spoken(t, "ru", russian), t.Context()
	for _, c := range []struct{ said, want string }{
		{T(en, "%[1]s of %[2]s was refunded.", money.New(49950, "RUB"), "#1001"), "499.50 RUB of #1001 was refunded."},
		{T(ru, "%[1]s of %[2]s was refunded.", money.New(49950, "RUB"), "#1001"), "Из #1001 возвращено 499,50 RUB."},
		{T(ru, "Nobody has translated 100% of this."), "Nobody has translated 100% of this."},
		{T(ru, ""), ""},
		{N(en, "%d order", "%d orders", 1, 1), "1 order"},
		{N(en, "%d order", "%d orders", 0, 0), "0 orders"},
		{N(ru, "%d order", "%d orders", 1, 1), "1 заказ"},
		{N(ru, "%d order", "%d orders", 22, 22), "22 заказа"},
		{N(ru, "%d order", "%d orders", 11, 11), "11 заказов"},
		{Textf("%[1]s of %[2]s was refunded.", "1", Textf("%d order", 5)).String(), "1 of 5 order was refunded."},
		{Textf("%[1]s of %[2]s was refunded.", "1", "#5").In(ru), "Из #5 возвращено 1."},
	} {
		if c.said != c.want {
			t.Errorf("said %q, want %q", c.said, c.want)
		}
	}
}

// TestStoredSentences: what was written in English with its values is known again, and read in another language.
func TestStoredSentences(t *testing.T) {
	defer func(before []keptSentence) { kept = before }(kept)
	Keep(Textf("Try %d of the payment of %s ended: %s. %s"))
	ru, en := spoken(t, "ru", russian), t.Context()
	stored := "Try 3 of the payment of 1,234.50 RUB ended: no answer. Nobody has translated 100% of this."
	for _, c := range []struct{ said, want string }{
		{T(en, stored), stored},
		{T(ru, stored), "Платёж на 1\u00a0234,50 RUB, попытка 3: нет ответа. Nobody has translated 100% of this."},
		{T(ru, "Try 3 of the payment of"), "Try 3 of the payment of"},
		{T(ru, "A note: "+stored), "A note: " + stored},
	} {
		if c.said != c.want {
			t.Errorf("said %q, want %q", c.said, c.want)
		}
	}
}

func TestNumbersAndDates(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 3, 0, 0, time.UTC)
	for _, c := range []struct{ code, number, date string }{
		{"en", "1,23,456.50 INR", "Sunday 22 Nov 2026, 14:03"},
		{"sv", "1\u00a023\u00a0456,50 INR", "söndag 22 nov. 2026, 14:03"},
		{"ru", "1\u00a023\u00a0456,50 INR", "воскресенье 22 нояб. 2026, 14:03"},
		{"hi", "1,23,456.50 INR", "रविवार 22 नव॰ 2026, 14:03"},
	} {
		ctx := With(t.Context(), c.code)
		if got := Number(ctx, "1,23,456.50 INR"); got != c.number {
			t.Errorf("%s: a number is %q, want %q", c.code, got, c.number)
		}
		if got := Number(ctx, "order 1,5 of Anna"); got != "order 1,5 of Anna" {
			t.Errorf("%s: words became %q", c.code, got)
		}
		if got := Format(ctx, at, "Monday 2 Jan 2006, 15:04"); got != c.date {
			t.Errorf("%s: a date is %q, want %q", c.code, got, c.date)
		}
	}
}

func TestAmountsAsTyped(t *testing.T) {
	for _, c := range []struct{ code, typed, want string }{
		{"ru", "499,50", "499.50"},
		{"sv", "499,5", "499.5"},
		{"sv", " 1 234,50 ", "1234.50"},
		{"ru", "1\u00a0234,50", "1234.50"},
		{"ru", "1\u202f23\u202f456,50", "123456.50"}, // rupees
		{"ru", "499.50", "499.50"},
		{"ru", "499", "499"},
		{"ru", "1,234", "1,234"},
		{"sv", "1,234,567", "1,234,567"},
		{"sv", "1,234.50", "1,234.50"},
		{"ru", "1.234,50", "1.234,50"},
		{"ru", "12 34,50", "12 34,50"},
		{"ru", ",50", ",50"},
		{"ru", "-5,00", "-5,00"},
		{"ru", "5,00 руб", "5,00 руб"},
		{"en", "499,50", "499,50"},
		{"hi", "499,50", "499,50"},
		{"hi", "1,23", "1,23"},
	} {
		if got := Typed(With(t.Context(), c.code), c.typed); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.code, c.typed, got, c.want)
		}
	}
}

func TestPreferredLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "sv-SE,sv;q=0.9,en;q=0.8": "sv", "de-DE,ru;q=0.7": "ru", "hi": "hi", "xx": "en", "en-IN,hi;q=0.5": "en",
	} {
		if got := Prefer(header); got != want {
			t.Errorf("Prefer(%q) = %q, want %q", header, got, want)
		}
	}
	if Known("tlh") || !Known("en") || !Known("sv") {
		t.Error("Known does not know its own")
	}
	if Code(With(t.Context(), "tlh")) != "en" || Code(With(t.Context(), "sv")) != "sv" || Code(t.Context()) != "en" {
		t.Error("Code does not say what With was told")
	}
}
