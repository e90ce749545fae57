package valkeycache_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// readCommand returns the next command and its bytes.
func readCommand(r *bufio.Reader) (args []string, raw []byte, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	if line[0] != '*' {
		return nil, nil, fmt.Errorf("not a command: %q", line)
	}
	raw = []byte(line)
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if err != nil {
		return nil, nil, err
	}
	for range n {
		bulk, err := readAnswer(r)
		if err != nil {
			return nil, nil, err
		}
		raw = append(raw, bulk...)
		_, text, _ := strings.Cut(string(bulk), "\r\n")
		args = append(args, strings.TrimSuffix(text, "\r\n"))
	}
	return args, raw, nil
}

// readAnswer returns the bytes of the next answer.
func readAnswer(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(line[1:])))
	switch line[0] {
	case '+', '-', ':':
		return line, nil
	case '$':
		if err != nil || n < 0 {
			return line, err
		}
		text := make([]byte, n+2)
		_, err := io.ReadFull(r, text)
		return append(line, text...), err
	case '*':
		for range n {
			member, err := readAnswer(r)
			if err != nil {
				return nil, err
			}
			line = append(line, member...)
		}
		return line, err
	}
	return nil, errors.New("not an answer: " + string(line))
}
