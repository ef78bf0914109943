package generate

// paymentSearch fills what the search of payments looks through. For many payments its text index is built
// afterwards.
func paymentSearch(many bool) []string {
	steps := []string{
		"INSERT INTO payment_search (payment_id, order_id, store_id, created_at, system, keys, txt) " +
			"SELECT payment_id, order_id, store_id, created_at, system, keys, txt FROM payment_found f " +
			"WHERE NOT EXISTS (SELECT 1 FROM payment_search s WHERE s.payment_id = f.payment_id)",
		"INSERT INTO payment_systems (store_id, system) SELECT DISTINCT store_id, system FROM payment_search WHERE system <> '' ON CONFLICT DO NOTHING",
	}
	if !many {
		return steps
	}
	steps = append([]string{"DROP INDEX payment_search_txt, payment_search_keys"}, steps...)
	return append(steps,
		"CREATE INDEX payment_search_txt ON payment_search USING gin (txt gin_trgm_ops)",
		"CREATE INDEX payment_search_keys ON payment_search USING gin (keys) WITH (fastupdate = off)")
}
