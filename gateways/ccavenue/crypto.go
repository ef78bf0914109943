package ccavenue

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // CCAvenue derives its key so
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// box encrypts as CCAvenue does: AES-128 in CBC under the MD5 of the working key and a fixed IV, or AES-256 in GCM
// under the 32 bytes of the working key itself, on the platforms of some banks. Both are written as hex. The first
// has no tag: what decrypts is not proven to come from CCAvenue.
type box struct {
	key string
	gcm bool
}

var (
	errClosed = errors.New("it does not open with this working key")
	fixedIV   = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
)

// seal writes a text for CCAvenue, in lower-case hex.
func (b box) seal(plain []byte) (string, error) {
	if !b.gcm {
		block, err := b.cbc()
		if err != nil {
			return "", err
		}
		pad := aes.BlockSize - len(plain)%aes.BlockSize // a full block more when it fits exactly (PKCS #7)
		text := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
		cipher.NewCBCEncrypter(block, fixedIV).CryptBlocks(text, text)
		return hex.EncodeToString(text), nil
	}
	aead, err := b.aead()
	if err != nil {
		return "", err
	}
	iv := make([]byte, aead.NonceSize())
	if _, err := rand.Read(iv); err != nil {
		return "", fmt.Errorf("draw an IV: %w", err)
	}
	return hex.EncodeToString(aead.Seal(iv, iv, plain, nil)), nil
}

// open reads what CCAvenue wrote, in hex of either case, maybe with line breaks in it.
func (b box) open(text string) ([]byte, error) {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(raw) == 0 {
		return nil, errClosed
	}
	if b.gcm {
		aead, err := b.aead()
		if err != nil || len(raw) < aead.NonceSize() {
			return nil, errClosed
		}
		plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], nil)
		if err != nil {
			return nil, errClosed
		}
		return plain, nil
	}
	block, err := b.cbc()
	if err != nil || len(raw)%aes.BlockSize != 0 {
		return nil, errClosed
	}
	cipher.NewCBCDecrypter(block, fixedIV).CryptBlocks(raw, raw)
	pad := int(raw[len(raw)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(raw[len(raw)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errClosed
	}
	return raw[:len(raw)-pad], nil
}

func (b box) cbc() (cipher.Block, error) {
	sum := md5.Sum([]byte(b.key)) //nolint:gosec // CCAvenue derives its key so
	return aes.NewCipher(sum[:])  //nolint:wrapcheck // 16 bytes always fit
}

func (b box) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher([]byte(b.key))
	if err != nil {
		return nil, fmt.Errorf("a working key of %d characters: %w", len(b.key), err)
	}
	return cipher.NewGCMWithNonceSize(block, aes.BlockSize) //nolint:wrapcheck // this size always fits
}

var sealed = regexp.MustCompile(`(enc_request|enc_response)=([0-9A-Fa-f]+)`)

// show is a body with what is inside of it, for people.
func (b box) show(body string) string {
	return sealed.ReplaceAllStringFunc(body, func(pair string) string {
		field, text, _ := strings.Cut(pair, "=")
		plain, err := b.open(text)
		if err != nil {
			return pair
		}
		return field + "=" + string(plain)
	})
}
