package secretstest

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/warmclient/warmclient/internal/faults"
)

// The staging labels of the service.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
	pending  = "AWSPENDING"
)

type secret struct {
	name, arn string
	versions  map[string]version // by ID
	stages    map[string]string  // staging label to version id
}

type version struct {
	text    string
	created time.Time
}

// label attaches a staging label to a version. If the label is AWSCURRENT, the version that had it
// becomes AWSPREVIOUS. Versions without a label are deleted, as in the service.
func (s *secret) label(stage, id string) {
	if last := s.stages[current]; stage == current && last != "" {
		s.stages[previous] = last
	}
	s.stages[stage] = id
	labeled := slices.Collect(maps.Values(s.stages))
	maps.DeleteFunc(s.versions, func(id string, _ version) bool { return !slices.Contains(labeled, id) })
}

// labels returns the staging labels of a version.
func (s *secret) labels(id string) []string {
	var labels []string
	for label, labeled := range s.stages {
		if labeled == id {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// read answers GetSecretValue.
func (s *secret) read(id, stage string) faults.Reply {
	if id == "" && stage == "" {
		stage = current
	}
	switch labeled := s.stages[stage]; {
	case id == "" && labeled == "":
		return refuse("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: "+stage)
	case id == "":
		id = labeled
	case stage != "" && labeled != id:
		return refuse("InvalidRequestException",
			"You provided a VersionStage that is not associated to the provided VersionId.")
	}
	v, ok := s.versions[id]
	if !ok {
		return refuse("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for VersionId: "+id)
	}
	return faults.Encode(http.StatusOK, struct {
		ARN, Name     string
		VersionID     string `json:"VersionId"`
		SecretString  string
		VersionStages []string
		CreatedDate   float64 // seconds since 1970
	}{s.arn, s.name, id, v.text, s.labels(id), float64(v.created.UnixMilli()) / 1000})
}

// describe answers DescribeSecret.
func (s *secret) describe() faults.Reply {
	versions := make(map[string][]string)
	for id := range s.versions {
		versions[id] = s.labels(id)
	}
	return faults.Encode(http.StatusOK, struct {
		ARN, Name string
		Versions  map[string][]string `json:"VersionIdsToStages"`
	}{s.arn, s.name, versions})
}
