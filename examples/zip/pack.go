package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"time"
)

// epoch is the first moment that a zip can tell.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes an executable into a zip of its own, as Lambda wants it, and returns the zip's SHA-256 in
// base64.
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
func pack(executable, path string) (sum string, err error) {
	f, err := os.Open(executable)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var buf bytes.Buffer
	archive := zip.NewWriter(&buf)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o755)
	w, err := archive.CreateHeader(header)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(w, f); err != nil {
		return "", err
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	digest := sha256.Sum256(buf.Bytes())
	return base64.StdEncoding.EncodeToString(digest[:]), os.WriteFile(path, buf.Bytes(), 0o644)
}
