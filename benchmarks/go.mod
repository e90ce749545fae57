module github.com/warmclient/warmclient/benchmarks

go 1.26.0

require github.com/warmclient/warmclient v0.0.0-00010101000000-000000000000

replace github.com/warmclient/warmclient => ../
