package sandbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ccavenueIV is fixed: equal beginnings encrypt to equal beginnings (CCAvenue integration kits).
var ccavenueIV = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// encrypt is a text in upper-case hex, as CCAvenue writes it: AES-128-CBC with the MD5 of the working
// key and PKCS#7, or AES-256-GCM with the working key itself, iv and tag around it.
func (m *merchant) encrypt(plain string) string {
	if m.Options["crypto"] == "gcm" {
		return strings.ToUpper(hex.EncodeToString(sealGCM(m.KeySecret, []byte(plain))))
	}
	return strings.ToUpper(hex.EncodeToString(sealCBC(m.KeySecret, []byte(plain))))
}

// decrypt is the text of a hex of either case. A wrong key is not always noticed.
func (m *merchant) decrypt(text string) (string, error) {
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("read the hex: %w", err)
	}
	if m.Options["crypto"] == "gcm" {
		return openGCM(m.KeySecret, raw)
	}
	return openCBC(m.KeySecret, raw)
}

func cbcBlock(key string) cipher.Block {
	sum := md5.Sum([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic(fmt.Sprintf("sandbox: AES with 16 bytes: %v", err))
	}
	return block
}

func sealCBC(key string, plain []byte) []byte {
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(cbcBlock(key), ccavenueIV).CryptBlocks(out, out)
	return out
}

func openCBC(key string, raw []byte) (string, error) {
	if len(raw) == 0 || len(raw)%aes.BlockSize != 0 {
		return "", errors.New("the text is not whole blocks")
	}
	out := make([]byte, len(raw))
	cipher.NewCBCDecrypter(cbcBlock(key), ccavenueIV).CryptBlocks(out, raw)
	pad := int(out[len(out)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.HasSuffix(out, bytes.Repeat([]byte{byte(pad)}, pad)) {
		return "", errors.New("the padding is wrong")
	}
	return string(out[:len(out)-pad]), nil
}

// gcm takes the 32 characters of a working key as they are, and an iv of 16 bytes.
func gcm(key string) (cipher.AEAD, error) {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithNonceSize(block, 16)
}

func sealGCM(key string, plain []byte) []byte {
	iv := make([]byte, 16)
	rand.Read(iv) // never fails
	aead, err := gcm(key)
	if err != nil {
		return nil // a merchant whose key is no AES key can read nothing either
	}
	return aead.Seal(iv, iv, plain, nil)
}

func openGCM(key string, raw []byte) (string, error) {
	aead, err := gcm(key)
	if err != nil {
		return "", err
	}
	if len(raw) < 16 {
		return "", errors.New("the text is too short")
	}
	out, err := aead.Open(nil, raw[:16], raw[16:], nil)
	return string(out), err
}
