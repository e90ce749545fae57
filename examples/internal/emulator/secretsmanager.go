package emulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warmclient/warmclient/internal/faults"
)

// Region is where the stack says it is: it is part of every ARN.
const Region = "us-east-1"

// SecretsManager is a Secrets Manager on loopback. Over the wire it knows GetSecretValue; secrets
// are made and rotated by its methods. Signatures are not verified.
type SecretsManager struct {
	*faults.AWSServer
	reads faults.Tally // by "stage of name"

	mu      sync.Mutex
	secrets map[string]*secret // by name
}

// StartSecretsManager starts a server without secrets. Stop it with Close.
func StartSecretsManager() (*SecretsManager, error) {
	m := &SecretsManager{secrets: map[string]*secret{}}
	s, err := faults.StartAWS("application/x-amz-json-1.1", m.answer)
	if err != nil {
		return nil, err
	}
	m.AWSServer = s
	return m, nil
}

// Put makes text the AWSCURRENT version of the secret and the one before it AWSPREVIOUS. It
// creates the secret where there is none, restores a deleted one, and returns the version's id.
func (m *SecretsManager) Put(name, text string) (versionID string) {
	return m.put(name, version{text: &text}, current)
}

// PutBinary is Put for a binary secret.
func (m *SecretsManager) PutBinary(name string, value []byte) (versionID string) {
	return m.put(name, version{binary: slices.Clone(value)}, current)
}

// PutPending adds a version that a rotation has made but not yet tried: AWSPENDING.
func (m *SecretsManager) PutPending(name, text string) (versionID string) {
	return m.put(name, version{text: &text}, pending)
}

// Promote ends a rotation: the AWSPENDING version becomes AWSCURRENT. Without one it does nothing.
func (m *SecretsManager) Promote(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.secrets[name]; ok && s.stages[pending] != "" {
		s.label(current, s.stages[pending])
		delete(s.stages, pending)
	}
}

// Delete schedules the secret for deletion: reading it is an InvalidRequestException until Put
// restores it.
func (m *SecretsManager) Delete(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.secrets[name]; ok {
		s.deleted = true
	}
}

// ARN returns the secret's ARN, or "" if it does not exist.
func (m *SecretsManager) ARN(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.secrets[name]; ok {
		return s.arn
	}
	return ""
}

// Reads returns how often a version of the secret was asked for by its staging label (AWSCURRENT
// where the request names none) or handed out while it carried that label. Requests that a fault
// swallowed are not among them.
func (m *SecretsManager) Reads(name, stage string) int { return m.reads.Of(stage + " of " + name) }

func (m *SecretsManager) put(name string, v version, stage string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.secrets[name]
	if !ok {
		s = &secret{
			name: name,
			// The service appends six random characters to the name.
			arn:      fmt.Sprintf("arn:aws:secretsmanager:%s:123456789012:secret:%s-%s", Region, name, rand.Text()[:6]),
			versions: map[string]version{},
			stages:   map[string]string{},
		}
		m.secrets[name] = s
	}
	s.deleted = false
	v.created = time.Now()
	id := rand.Text()
	s.versions[id] = v
	s.label(stage, id)
	return id
}

func (m *SecretsManager) answer(op string, body []byte) faults.Reply {
	if op != "GetSecretValue" {
		return faults.Failure(http.StatusBadRequest, "UnknownOperationException", "the operation "+op+" is not supported")
	}
	var in struct{ SecretID, VersionID, VersionStage string } // JSON members match whatever their case
	if err := json.Unmarshal(body, &in); err != nil {
		return faults.Failure(http.StatusBadRequest, "SerializationException", "the request is not JSON")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(in.SecretID)
	if s == nil {
		return faults.Failure(http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return s.read(in.VersionID, in.VersionStage, func(stage string) { m.reads.Add(stage + " of " + s.name) })
}

// find takes a name, an ARN, or an ARN without the random characters at its end.
func (m *SecretsManager) find(id string) *secret {
	if s, ok := m.secrets[id]; ok {
		return s
	}
	for _, s := range m.secrets {
		if id == s.arn || id == s.arn[:strings.LastIndexByte(s.arn, '-')] {
			return s
		}
	}
	return nil
}
