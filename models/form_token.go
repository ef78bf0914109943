package models

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// A form token is minted when a money form is shown: 16 random bytes, the time it ends and a MAC that
// binds it to the person, the action and the record. Sending the form again with the same token gives the same operation.
const formTokenSize = 16 + 8 + 32

// FormToken mints the token of a money form.
func (db *DB) FormToken(user int64, action string, record int64) string {
	head := make([]byte, 24)
	_, _ = rand.Read(head[:16])                                                                   // never fails
	binary.BigEndian.PutUint64(head[16:], uint64(time.Now().Add(db.timings.FormLifetime).Unix())) //nolint:gosec // after 1970
	mac := db.keys.MAC(formPurpose(user, action, record), head)
	return base64.RawURLEncoding.EncodeToString(append(head, mac...))
}

// checkFormToken gives the hash under which the token's operation is stored. expired says that the form
// is too old for a new operation; one it already started is still found.
func (db *DB) checkFormToken(token string, user int64, action string, record int64) (hash []byte, expired bool, err error) {
	data, decodeErr := base64.RawURLEncoding.DecodeString(token)
	if decodeErr != nil || len(data) != formTokenSize || !db.keys.CheckMAC(formPurpose(user, action, record), data[:24], data[24:]) {
		return nil, false, problemf("This form does not belong to you or to this payment. Reload the page and try again.")
	}
	ends := int64(binary.BigEndian.Uint64(data[16:24])) //nolint:gosec // minted by us
	sum := sha256.Sum256(data)
	return sum[:], time.Now().Unix() > ends, nil
}

func formPurpose(user int64, action string, record int64) string {
	return fmt.Sprintf("form %d %s %d", user, action, record)
}
