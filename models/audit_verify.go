package models

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/kartify/kartify/lang"
)

// AuditReport is what a re-computation of the audit log found.
type AuditReport struct {
	Chains []AuditChain
}

// AuditChain is the log of one store, or of no store, re-computed.
type AuditChain struct {
	Chain  int64 // a store, 0 for what belongs to none
	Rows   int64
	Head   string // the hash of the last row, hex: keep it elsewhere to prove later that the log only grew
	Broken int64  // the first row that is not as it was written; 0 when all are
	Why    string
}

// Rows are how many rows were checked.
func (r *AuditReport) Rows() (n int64) {
	for _, chain := range r.Chains {
		n += chain.Rows
	}
	return n
}

// Problems are a sentence for each chain that is broken.
func (r *AuditReport) Problems() []lang.Text {
	var sentences []lang.Text
	for _, chain := range r.Chains {
		if chain.Broken != 0 {
			sentences = append(sentences, lang.Textf("Row %d of %s: %s.", chain.Broken, chain.Name(), lang.Textf(chain.Why)))
		}
	}
	return sentences
}

// Name is the chain as people know it.
func (c AuditChain) Name() lang.Text {
	if c.Chain == 0 {
		return lang.Textf("the log of no store")
	}
	return lang.Textf("the log of store %d", c.Chain)
}

// The hash of every row is computed again and compared with the row, with the row after it and, for the last one, with
// the head. One statement, so rows that are added meanwhile do not disturb it.
const verifyAudit = `
WITH log AS (
	SELECT l.chain, l.seq, l.hash,
		CASE
			WHEN l.seq <> coalesce(lag(l.seq) OVER w, 0) + 1 THEN 'a row before it is missing'
			WHEN l.prev_hash <> coalesce(lag(l.hash) OVER w, '\x') THEN 'it does not follow from the row before'
			WHEN l.store_id <> l.chain OR l.hash <> audit_hash(l.prev_hash, l) AND NOT EXISTS ( -- personal data may be taken out in the open
				SELECT 1 FROM audit_log r WHERE r.chain = l.chain AND r.seq > l.seq AND r.action = 'audit.redacted'
					AND r.object = 'row ' || l.seq || ' of the log' AND r.details->>'hash' = encode(audit_hash(l.prev_hash, l), 'hex'))
				THEN 'it was changed after it was written'
		END AS why
	FROM audit_log l WINDOW w AS (PARTITION BY l.chain ORDER BY l.seq)
), chains AS (
	SELECT chain, count(*) AS rows, max(seq) AS last,
		(array_agg(hash ORDER BY seq DESC))[1] AS hash,
		min(seq) FILTER (WHERE why IS NOT NULL) AS broken,
		(array_agg(why ORDER BY seq) FILTER (WHERE why IS NOT NULL))[1] AS why
	FROM log GROUP BY chain
), heads AS (
	SELECT * FROM audit_heads h WHERE kartify_everything() OR h.chain = ANY (kartify_stores())
)
SELECT coalesce(c.chain, h.chain) AS chain, coalesce(c.rows, 0) AS rows, coalesce(c.hash, '\x') AS hash,
	CASE
		WHEN c.broken IS NOT NULL THEN c.broken
		WHEN h.chain IS NULL THEN 1
		WHEN h.seq <> coalesce(c.last, 0) THEN least(h.seq, coalesce(c.last, 0)) + 1
		WHEN h.hash <> coalesce(c.hash, '\x') THEN h.seq
		ELSE 0
	END AS broken,
	CASE
		WHEN c.broken IS NOT NULL THEN c.why
		WHEN h.chain IS NULL THEN 'the head of the log is missing'
		WHEN h.seq > coalesce(c.last, 0) THEN 'it is missing at the end'
		WHEN h.seq < c.last THEN 'it was added past the head of the log'
		WHEN h.hash <> coalesce(c.hash, '\x') THEN 'the head of the log says otherwise'
		ELSE ''
	END AS why
FROM chains c FULL JOIN heads h ON h.chain = c.chain
ORDER BY 1`

// What verifyAudit says of a row, for the catalogs.
var _ = []lang.Text{
	lang.Textf("a row before it is missing"), lang.Textf("it does not follow from the row before"), lang.Textf("it was changed after it was written"),
	lang.Textf("the head of the log is missing"), lang.Textf("it is missing at the end"), lang.Textf("it was added past the head of the log"),
	lang.Textf("the head of the log says otherwise"),
}

// VerifyAudit computes the chains within the scope again and finds the first row of each that was
// changed, taken out, put in or moved. Who can rewrite a whole chain and its head is found out by the
// head of an earlier report only.
func (db *DB) VerifyAudit(ctx context.Context) (*AuditReport, error) {
	var rows []struct {
		Chain, Rows, Broken int64
		Hash                []byte
		Why                 string
	}
	if err := db.in(ctx).Raw(verifyAudit).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("verify the audit log: %w", err)
	}
	report := &AuditReport{}
	for _, row := range rows {
		report.Chains = append(report.Chains, AuditChain{
			Chain: row.Chain, Rows: row.Rows, Head: hex.EncodeToString(row.Hash), Broken: row.Broken, Why: row.Why,
		})
	}
	return report, nil
}
