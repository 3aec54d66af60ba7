// Package storetest gives the tests of any package a real database.
//
// A test package calls Main from its TestMain and New in each test. The first New starts a
// private PostgreSQL in a temporary directory (in memory where there is room) and migrates one
// database; every New is a fresh clone of it, 15 to 50 ms, dropped when the test ends. Nothing outlives the test binary, even a
// killed one: the kernel tells the server.
//
// Without PostgreSQL on the machine a test that calls New is skipped, and says so; where the
// environment variable CI is set it fails.
//
// The package fakes nothing: there is no other store than the real one.
package storetest
