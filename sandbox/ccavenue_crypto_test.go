package sandbox

import (
	"strings"
	"testing"
)

func TestCCAvenueVectors(t *testing.T) {
	tests := []struct{ plain, hex string }{
		{"abc", "8a942a321ce1cdfc37a48baeeacf8db7"},
		{"0123456789abcdef", "f205ba5a148236378d244561b3269299701dce9d4548f176809a161ea5086287"},
		{`{"reason":"","error_code":"","refund_status":0}`, "77c0a15bab97a3543e7965b75ec5389d9eeb40bc7b01c64d4feb3b5dd195dea065ad209b6d4405c12a7cc51aab7b06ab"},
		{"billing_name=रवि", "1b8c4ed6aeffe4a2a5fbfe9cae6a359bef4c4c956ec311a6549df83858107258"},
		{`{"order_no":"KF-1001"}`, "1915e3fadcefee76f320af6de76504de9d0d136e14e6dc06b02eda7a402d19de"},
		{`{"error_desc":"Order List: Invalid Parameter","error_code":"51313","status":1}`, "48906639a27d7825f09eb34ad7114c6f4b9b0d5f5438baac6810c1a04b937808a95390a263453ff8cddf79965e4a30f078bb5ef5282bc60be55659dc589ef13de9fbf410f3bdd5d8a68af198ba09b4d4"},
	}
	m := defaultCCAvenue
	for _, tt := range tests {
		if got := m.encrypt(tt.plain); got != strings.ToUpper(tt.hex) {
			t.Errorf("%s encrypts to %s", tt.plain, got)
		}
		for _, text := range []string{tt.hex, strings.ToUpper(tt.hex), tt.hex + "\r\n"} {
			if got, err := m.decrypt(text); got != tt.plain || err != nil {
				t.Errorf("%s decrypts to %q, %v", text, got, err)
			}
		}
	}
	for _, bad := range []string{"", "8a", "8a942a321ce1cdfc37a48baeeacf8db", "zz942a321ce1cdfc37a48baeeacf8db7", "8a942a321ce1cdfc37a48baeeacf8db8"} {
		if got, err := m.decrypt(bad); err == nil {
			t.Errorf("%q decrypts to %q", bad, got)
		}
	}
	m.Options = map[string]string{"crypto": "gcm"}
	g1 := "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf4e44347610074866d60a89e19c0cdaaa2bc803d694c371611f510215f4a008171ee6122d0189ee47f185ebe96c1632469825021b2e6663971d30fb798a0f2ea04f374638"
	if got, err := m.decrypt(g1); got != "order_id=KF-1001&order_status=Success&amount=1499.00" || err != nil {
		t.Errorf("G1 decrypts to %q, %v", got, err)
	}
	if got, err := m.decrypt(m.encrypt("abc")); got != "abc" || err != nil {
		t.Errorf("GCM there and back is %q, %v", got, err)
	}
	if _, err := m.decrypt(g1[:len(g1)-2] + "00"); err == nil {
		t.Error("a changed tag is not noticed")
	}
}
