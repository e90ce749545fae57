package runtimeapi

import (
	"encoding/json"
	"net/http"
	"regexp"
)

// maxExtensions is Lambda's limit.
// https://docs.aws.amazon.com/lambda/latest/dg/extensions-api-partner.html
const maxExtensions = 10

// extension is an internal extension: the process itself has registered it.
type extension struct {
	id    string
	asked bool // whether it has asked for its first event, which ends its part of the Init phase
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// register registers an extension until the process polls for its first invocation. It refuses
// extensions that register for events: internal extensions register to receive SIGTERM.
func (p *Process) register(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get(headerExtensionName)
	if name == "" {
		refuse(w, http.StatusForbidden, "Extension.InvalidExtensionName")
		return
	}
	var in struct{ Events []string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxResponse)).Decode(&in); err != nil {
		refuse(w, http.StatusForbidden, "InvalidRequestFormat")
		return
	}
	if len(in.Events) > 0 {
		refuse(w, http.StatusForbidden, "Extension.InvalidEventType")
		return
	}
	id, kind := p.addExtension(name)
	if kind != "" {
		refuse(w, http.StatusForbidden, kind)
		return
	}
	p.once(p.extended)
	w.Header().Set(headerExtensionID, id)
	writeJSON(w, http.StatusOK, map[string]string{
		"functionName": p.name, "functionVersion": "$LATEST", "handler": "bootstrap",
	})
}

// addExtension returns the identifier of a new extension, or the type of the error.
func (p *Process) addExtension(name string) (id, kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch _, twice := p.extensions[name]; {
	case p.polled:
		return "", "Extension.RegistrationClosed"
	case len(p.extensions) >= maxExtensions:
		return "", "Extension.TooManyExtensions"
	case twice:
		return "", "Extension.InvalidExtensionState"
	}
	id = newRequestID()
	p.extensions[name] = &extension{id: id}
	return id, ""
}

// nextEvent blocks, because extensions cannot register for events.
func (p *Process) nextEvent(w http.ResponseWriter, r *http.Request) {
	if kind := p.ask(r.Header.Get(headerExtensionID)); kind != "" {
		refuse(w, http.StatusForbidden, kind)
		return
	}
	<-r.Context().Done()
}

// ask records that the extension with this identifier asks for its first event. It returns the type
// of the error, or "".
func (p *Process) ask(id string) (kind string) {
	switch {
	case id == "":
		return "Extension.MissingExtensionIdentifier"
	case !uuid.MatchString(id):
		return "Extension.InvalidExtensionIdentifier"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.extensions {
		if e.id != id {
			continue
		}
		if e.asked {
			return "Extension.InvalidExtensionState"
		}
		e.asked = true
		p.endInit()
		return ""
	}
	return "Extension.UnknownExtensionIdentifier"
}

// poll records that the process polls for an invocation.
func (p *Process) poll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.polled = true
	p.endInit()
}

// endInit ends the Init phase once the process has polled and all its extensions have asked for an
// event. p.mu is held.
func (p *Process) endInit() {
	for _, e := range p.extensions {
		if !e.asked {
			return
		}
	}
	if !p.polled {
		return
	}
	select {
	case <-p.ready:
	default:
		close(p.ready)
	}
}
