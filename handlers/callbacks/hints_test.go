package callbacks_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
)

// sealed is a text as CCAvenue encrypts it (Integration Document: AES-128-CBC, key MD5 of the working key,
// fixed vector, PKCS#7, hex).
func sealed(text, key string) []byte {
	sum := md5.Sum([]byte(key)) //nolint:gosec // the provider's own scheme
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic(err) // 16 bytes
	}
	pad := aes.BlockSize - len(text)%aes.BlockSize
	plain := []byte(text + strings.Repeat(string(rune(pad)), pad))
	cipher.NewCBCEncrypter(block, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}).CryptBlocks(plain, plain) //nolint:gosec // likewise
	return plain
}

// settled waits until every webhook that came in has been acted upon once.
func (d *desk) settled() {
	d.Helper()
	d.until("all is acted upon", `SELECT (count(*) = 0)::text FROM webhooks WHERE state = 'received'`)
}

const formed = "application/x-www-form-urlencoded"

// TestCCAvenueBodiesProveNothing posts what can be made with and without the key at an order that was not paid:
// answers of no attempt, a request of ours sent back, a value that reads as a success, flipped and shuffled
// blocks. None of them moves the order.
func TestCCAvenueBodiesProveNothing(t *testing.T) {
	d := openDesk(t)
	d.work()
	ctx, key := modelstest.System(t.Context()), cast.CCAvenue["working_key"]
	var order int64
	err := d.db.Pool().QueryRow(ctx, `INSERT INTO orders (store_id, status, gateway, currency, items_minor, total_minor) VALUES (43, 'pending', 'ccavenue', 'INR', 149900, 149900) RETURNING id`).Scan(&order)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.Pool().Exec(ctx, `INSERT INTO payments (order_id, store_id, gateway, mode, order_ref, status, currency, amount_minor) VALUES ($1::bigint, 43, 'ccavenue', 'test', $1::bigint || '-1', 'pending', 'INR', 149900)`, order); err != nil {
		t.Fatal(err)
	}
	ref := fmt.Sprintf("%d-1", order)
	request := "merchant_id=123456&order_id=" + ref + "&currency=INR&amount=1499.00&redirect_url=https://x/return&billing_name="
	answer := "order_id=" + ref + "&tracking_id=309000009999&bank_ref_no=1&order_status=Success&currency=INR&amount=1499.00&mer_amount=1499.00"
	genuine := sealed(answer, key)
	flipped, shuffled := append([]byte(nil), genuine...), append([]byte(nil), genuine...)
	flipped[20] ^= 1
	copy(shuffled[16:32], genuine[32:48])
	copy(shuffled[32:48], genuine[16:32])
	bodies := map[string]string{
		"a success nobody paid":     hex.EncodeToString(genuine),
		"one rupee":                 hex.EncodeToString(sealed(strings.ReplaceAll(answer, "1499.00", "1.00"), key)),
		"our request, sent back":    hex.EncodeToString(sealed(request+"Asha", key)),
		"a request with a success":  hex.EncodeToString(sealed(request+"Asha&order_status=Success&tracking_id=309000009998", key)),
		"two statuses":              hex.EncodeToString(sealed(answer+"&order_status=Success", key)),
		"another key":               hex.EncodeToString(sealed(answer, strings.Repeat("0", 32))),
		"a bit flipped":             hex.EncodeToString(flipped),
		"blocks shuffled":           hex.EncodeToString(shuffled),
		"blocks left out":           hex.EncodeToString(genuine[:32]),
		"odd":                       hex.EncodeToString(genuine)[1:],
		"no hex":                    "zz",
		"nothing":                   "",
		"upper case, twice as long": strings.ToUpper(hex.EncodeToString(genuine)) + strings.ToUpper(hex.EncodeToString(genuine)),
	}
	for name, body := range bodies {
		for _, kind := range []string{"echo", "return"} {
			form := url.Values{"encResp": {body}, "orderNo": {ref}}
			status, _, header := d.call("POST", fmt.Sprintf("%s/callbacks/ccavenue/43/%s", d.url, kind), form.Encode(), "Content-Type", formed, "Kartify-Callback-Ref", "forged")
			if status >= 500 || kind == "return" && (status != 303 && status != 200 || !strings.HasPrefix(header.Get("Location"), "/pay") && status == 303) {
				t.Errorf("%s as %s answers %d %s", name, kind, status, header.Get("Location"))
			}
		}
	}
	d.settled()
	var state string
	if err := d.db.Pool().QueryRow(ctx, `SELECT o.status || ' ' || string_agg(p.status || ' ' || p.captured_minor, ',') FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = $1 GROUP BY o.id`, order).Scan(&state); err != nil || state != "pending pending 0" {
		t.Errorf("the order is %s, %v", state, err)
	}
	// Another store's key at this store's address, and this store's at another's.
	for _, store := range []int{41, 42, 999} {
		if status, _, _ := d.call("POST", fmt.Sprintf("%s/callbacks/ccavenue/%d/echo", d.url, store), url.Values{"encResp": {bodies["a success nobody paid"]}}.Encode(), "Content-Type", formed); status != 401 {
			t.Errorf("store 43's key at store %d's address: %d, want 401", store, status)
		}
	}
}

// keyed is a notification of PayKeeper signed with the secret word (POST notifications).
func keyed(id, sum, client, order, word string) string {
	key := md5.Sum([]byte(id + sum + client + order + word)) //nolint:gosec // the provider's own signature
	return url.Values{"id": {id}, "sum": {sum}, "clientid": {client}, "orderid": {order}, "key": {hex.EncodeToString(key[:])}}.Encode()
}

// TestPayKeeperIsAnswered answers PayKeeper with OK and its digest for a payment that is known and of the right
// amount, and with anything else otherwise, so that the cabinet shows it as stuck.
func TestPayKeeperIsAnswered(t *testing.T) {
	d := openDesk(t)
	d.work()
	word := cast.PayKeeper["secret_word"]
	sum := md5.Sum([]byte("481501009" + word)) //nolint:gosec // the provider's own signature
	ok := "OK " + hex.EncodeToString(sum[:])
	tests := []struct{ name, body, want string }{
		{"known, of the right amount", keyed("481501009", "1350.00", "Иван Петров", "1009", word), ok},
		{"the same again", keyed("481501009", "1350.00", "Иван Петров", "1009", word), ok},
		{"of another amount", keyed("481501009", "13.50", "Иван Петров", "1009", word), "Error!"},
		{"digits shifted from the sum to the number", keyed("481501009", "1350.00", "Иван Петров", "1009", word) + "&x=1", ok},
		{"unknown order", keyed("99", "10.00", "", "4711", word), "Error!"},
		{"another word", keyed("481501009", "1350.00", "Иван Петров", "1009", "guess"), "The signature does not fit."},
		{"nothing", "", "The signature does not fit."},
	}
	for _, tt := range tests {
		_, answer, _ := d.call("POST", d.url+"/callbacks/paykeeper/42", tt.body, "Content-Type", formed)
		if !strings.Contains(answer, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, answer, tt.want)
		}
	}
	// The same key with digits of the name moved to the order's number, or the other way, names another order.
	moved, err := url.ParseQuery(keyed("481501009", "1350.00", "Иван Петров", "1009", word))
	if err != nil {
		t.Fatal(err)
	}
	moved.Set("clientid", "Иван Петров1")
	moved.Set("orderid", "009")
	if _, answer, _ := d.call("POST", d.url+"/callbacks/paykeeper/42", moved.Encode(), "Content-Type", formed); !strings.HasPrefix(answer, "Error! It says that the payment belongs to 009") {
		t.Errorf("an order's number that was shifted is answered %q", answer)
	}
	// The same key with the digits of the sum and the number parted elsewhere names another payment.
	shifted := strings.NewReplacer("id=481501009", "id=48150100", "sum=1350.00", "sum=91350.00").Replace(keyed("481501009", "1350.00", "", "1009", word))
	if _, answer, _ := d.call("POST", d.url+"/callbacks/paykeeper/42", shifted, "Content-Type", formed); strings.HasPrefix(answer, "OK ") {
		t.Errorf("fields shifted are answered %q", answer)
	}
	d.settled()
	var state string
	if err := d.db.Pool().QueryRow(modelstest.System(t.Context()), `SELECT string_agg(status || ' ' || captured_minor, ',' ORDER BY id) FROM payments WHERE store_id = 42`).Scan(&state); err != nil || strings.Count(state, ",") != 1 {
		t.Errorf("the store's payments are %s, %v", state, err)
	}
}

// TestPushesWithoutABody are stored each, and none is a duplicate of another.
func TestPushesWithoutABody(t *testing.T) {
	d := openDesk(t)
	const known = "6f1a3c52-0b7e-4d8a-9c41-d5e1a0b71011"
	for range 3 {
		if status, answer, _ := d.call("POST", d.url+"/callbacks/klarna/41/"+known, ""); status != 200 || strings.Contains(answer, "duplicate") {
			t.Errorf("a push: %d %s", status, answer)
		}
	}
	if status, _, _ := d.call("POST", d.url+"/callbacks/klarna/41/not-an-order", ""); status != 400 {
		t.Errorf("a push about nothing: %d, want 400", status)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if status, _, _ := d.call(method, d.url+"/callbacks/klarna/41/"+known, ""); status != 405 && status != 404 {
			t.Errorf("%s: %d", method, status)
		}
	}
	d.work()
	d.settled()
	var n string
	if err := d.db.Pool().QueryRow(modelstest.System(t.Context()), `SELECT count(*) || ' ' || count(DISTINCT payment_ref) || ' ' || count(asked_at) FROM webhooks WHERE source = 'klarna' AND state = 'processed'`).Scan(&n); err != nil || n != "3 1 1" {
		t.Errorf("stored, about, and asked for: %s (%v), want 3 1 1", n, err)
	}
	// A flood from one address is asked to come later.
	refused := 0
	for range 200 {
		if status, _, header := d.call("POST", d.url+"/callbacks/klarna/41/"+known, ""); status == 429 && header.Get("Retry-After") != "" {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("of 200 pushes at once %d are put off", refused)
	}
}
