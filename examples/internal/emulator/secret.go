package emulator

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/warmclient/warmclient/internal/faults"
)

const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
	pending  = "AWSPENDING"
)

type secret struct {
	name, arn string
	versions  map[string]version // by id
	stages    map[string]string  // staging label to version id
	deleted   bool
}

type version struct {
	text    *string // nil: binary
	binary  []byte
	created time.Time
}

// label attaches a staging label to a version. AWSCURRENT leaves AWSPREVIOUS behind; a version
// without any label is gone, as the service drops deprecated ones.
func (s *secret) label(stage, id string) {
	if last := s.stages[current]; stage == current && last != "" {
		s.stages[previous] = last
	}
	s.stages[stage] = id
	labelled := slices.Collect(maps.Values(s.stages))
	maps.DeleteFunc(s.versions, func(id string, _ version) bool { return !slices.Contains(labelled, id) })
}

// read answers GetSecretValue and calls count with each label that was asked for or handed out.
func (s *secret) read(id, stage string, count func(stage string)) faults.Reply {
	if id == "" && stage == "" {
		stage = current
	}
	if stage != "" {
		count(stage)
	}
	if s.deleted {
		return faults.Failure(http.StatusBadRequest, "InvalidRequestException",
			"You can't perform this operation on the secret because it was marked for deletion.")
	}
	switch found := s.stages[stage]; {
	case id == "" && found == "":
		return faults.Failure(http.StatusBadRequest, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: "+stage)
	case id == "":
		id = found
	case stage != "" && found != id:
		return faults.Failure(http.StatusBadRequest, "InvalidRequestException",
			"You provided a VersionStage that is not associated to the provided VersionId.")
	}
	v, ok := s.versions[id]
	if !ok {
		return faults.Failure(http.StatusBadRequest, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for VersionId: "+id)
	}
	var stages []string
	for label, labelled := range s.stages {
		if labelled == id {
			stages = append(stages, label)
			if label != stage {
				count(label)
			}
		}
	}
	slices.Sort(stages)
	return faults.Encode(http.StatusOK, struct {
		ARN, Name     string
		VersionID     string  `json:"VersionId"`
		SecretString  *string `json:",omitempty"`
		SecretBinary  []byte  `json:",omitempty"`
		VersionStages []string
		CreatedDate   float64 // seconds since 1970
	}{s.arn, s.name, id, v.text, v.binary, stages, float64(v.created.UnixMilli()) / 1000})
}
