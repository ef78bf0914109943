package all

import "testing"

func TestEachCodeIsOneDriver(t *testing.T) {
	seen := map[string]bool{}
	for _, driver := range Drivers {
		if seen[driver.Code] {
			t.Errorf("two drivers are called %s", driver.Code)
		}
		seen[driver.Code] = true
		if got, ok := ByCode(driver.Code); !ok || got.Name != driver.Name || got.Open == nil {
			t.Errorf("ByCode(%s) = %s, %v", driver.Code, got.Name, ok)
		}
	}
	if _, ok := ByCode("paypal"); ok {
		t.Error("a driver that is not there was found")
	}
}
