package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Keyring seals what must not be read from a database dump. Its first key seals; all of them open.
type Keyring struct {
	ids    []string
	master map[string][]byte
}

// NewKeyring takes master keys of 32 bytes, base64 or hex, the one in use first.
func NewKeyring(encoded ...string) (*Keyring, error) {
	k := &Keyring{master: map[string][]byte{}}
	for _, text := range encoded {
		key, err := decodeKey(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(key)
		id := hex.EncodeToString(sum[:4])
		k.ids = append(k.ids, id)
		k.master[id] = key
	}
	if len(k.ids) == 0 {
		return nil, errors.New("no master key")
	}
	return k, nil
}

// NewMasterKey makes a key for NewKeyring.
func NewMasterKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

func decodeKey(text string) ([]byte, error) {
	for _, decode := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, hex.DecodeString} {
		if key, err := decode(text); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, errors.New("a master key is 32 bytes in base64 or hex; make one with: openssl rand -base64 32")
}

// Seal encrypts plain for one place: the same text does not open anywhere else.
func (k *Keyring) Seal(place, plain string) (string, error) {
	aead, err := k.aead(k.ids[0])
	if err != nil {
		return "", err
	}
	sealed := aead.Seal(nil, nil, []byte(plain), []byte(place))
	return "v1|" + k.ids[0] + "|" + base64.StdEncoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made for the same place.
func (k *Keyring) Open(place, sealed string) (string, error) {
	version, rest, _ := strings.Cut(sealed, "|")
	id, text, ok := strings.Cut(rest, "|")
	if version != "v1" || !ok {
		return "", errors.New("this is not a sealed secret")
	}
	if _, known := k.master[id]; !known {
		return "", fmt.Errorf("the master key %s that sealed this secret is not configured", id)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("this sealed secret is damaged")
	}
	aead, err := k.aead(id)
	if err != nil {
		return "", err
	}
	plain, err := aead.Open(nil, nil, data, []byte(place))
	if err != nil {
		return "", errors.New("this sealed secret is damaged or stands in the wrong place")
	}
	return string(plain), nil
}

// Current says whether sealed was made with the key in use now.
func (k *Keyring) Current(sealed string) bool {
	return strings.HasPrefix(sealed, "v1|"+k.ids[0]+"|")
}

// MAC signs message for one purpose with the key in use now.
func (k *Keyring) MAC(purpose string, message []byte) []byte {
	return k.mac(k.ids[0], purpose, message)
}

// CheckMAC says, in constant time, whether any of the keys made this MAC.
func (k *Keyring) CheckMAC(purpose string, message, mac []byte) bool {
	ok := false
	for _, id := range k.ids {
		ok = hmac.Equal(k.mac(id, purpose, message), mac) || ok
	}
	return ok
}

func (k *Keyring) mac(id, purpose string, message []byte) []byte {
	h := hmac.New(sha256.New, k.derive(id, "mac "+purpose))
	h.Write(message)
	return h.Sum(nil)
}

func (k *Keyring) aead(id string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.derive(id, "seal"))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead, nil
}

func (k *Keyring) derive(id, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.master[id], nil, "kartify "+purpose, 32)
	if err != nil {
		panic(err) // only for lengths no hash can give
	}
	return key
}
