package runtimeapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// FunctionError is an error that a function has answered with.
type FunctionError struct {
	Type    string // such as "errorString"
	Message string
	Stack   []Frame // of a panic
}

// Frame is one call of a stack.
type Frame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("runtimeapi: the function failed: %s: %s", e.Type, e.Message)
}

// functionError reads what a runtime posts about an error. The header's type is the body's where
// the runtime sends none.
func functionError(kind string, body []byte) *FunctionError {
	var e struct {
		ErrorMessage string  `json:"errorMessage"`
		ErrorType    string  `json:"errorType"`
		StackTrace   []Frame `json:"stackTrace"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		e.ErrorMessage = string(body) // any text is allowed
	}
	return &FunctionError{Type: cmp.Or(e.ErrorType, kind, "Unknown"), Message: e.ErrorMessage, Stack: e.StackTrace}
}

// TimeoutError says that a function has not answered in time, and was killed.
type TimeoutError struct {
	Function  string
	RequestID string
	After     time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("runtimeapi: %s: %s Task timed out after %.2f seconds", e.Function, e.RequestID, e.After.Seconds())
}

// ExitError says that the process has ended, with status 0 too: a function never ends by itself.
type ExitError struct {
	Function string
	State    *os.ProcessState
	Err      error // of exec.Cmd.Wait
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("runtimeapi: %s has ended: %s", e.Function, e.State)
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }
