package valkeycache

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

const exampleAddress = "cache.example.com:6379"

// checkAddress returns an error if address is not a valid Opener.Address.
func checkAddress(address string) error {
	if strings.Contains(address, "://") {
		return errors.New("a URL: it must be host:port, such as " + exampleAddress)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.Contains(host, "@") {
		return errors.New("not of the form host:port, such as " + exampleAddress)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("port is not a number from 1 to 65535")
	}
	return nil
}

// isLoopback reports whether address is a loopback address, to which a password may be sent in
// plain text.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
