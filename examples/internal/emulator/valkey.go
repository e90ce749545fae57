package emulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// ValkeySecretID is the secret that holds the password of a [Valkey].
const ValkeySecretID = "accounts/valkey"

// A Valkey is a Valkey server with a password. The Secrets Manager of a stack holds the password.
type Valkey struct {
	server *miniredis.Miniredis
	addr   string
	stack  *Stack
}

// StartValkey starts an additional Valkey server on a free port. The caller must call Close.
func (s *Stack) StartValkey() (*Valkey, error) {
	v := &Valkey{server: miniredis.NewMiniRedis(), stack: s}
	v.server.ClockTTL(true) // entries expire as time passes
	v.RotatePassword()
	if err := v.server.Start(); err != nil {
		return nil, fmt.Errorf("emulator: start Valkey: %w", err)
	}
	v.addr = v.server.Addr()
	return v, nil
}

// Addr returns the server's host:port.
func (v *Valkey) Addr() string { return v.addr }

// Environ returns the variables, in addition to [Stack.Environ], that connect a function to the
// server.
func (v *Valkey) Environ() []string {
	return []string{"CACHE_ENDPOINT=" + v.addr, "CACHE_SECRET_ID=" + ValkeySecretID}
}

// RotatePassword stores a new password in the secret. The server then accepts only that password.
// Authenticated connections remain authenticated until Disconnect.
func (v *Valkey) RotatePassword() {
	password := rand.Text()
	text, err := json.Marshal(map[string]string{"password": password})
	if err != nil {
		panic(fmt.Sprintf("emulator: a map of strings always encodes: %v", err))
	}
	v.stack.SecretsManager.Put(ValkeySecretID, string(text))
	v.server.RequireAuth(password)
}

// Disconnect closes all connections.
func (v *Valkey) Disconnect() error {
	v.Down()
	return v.Up()
}

// Down closes the server's port and all connections. The entries are kept.
func (v *Valkey) Down() { v.server.Close() }

// Up opens the port again.
func (v *Valkey) Up() error {
	if err := v.server.Restart(); err != nil {
		return fmt.Errorf("emulator: restart Valkey: %w", err)
	}
	return nil
}

// Close stops the server.
func (v *Valkey) Close() { v.server.Close() }
