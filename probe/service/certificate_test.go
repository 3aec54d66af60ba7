package service_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"testing"
	"time"
)

// authority signs certificates for a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	above       [][]byte // what stands between it and the root, itself included
}

const day = 24 * time.Hour

// issue makes a certificate signed by an authority, or by itself.
func issue(t *testing.T, by *authority, change func(*x509.Certificate)) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-day), NotAfter: time.Now().Add(90 * day),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	change(template)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{certificate: made, key: key}
	if by != nil {
		a.above = append([][]byte{der}, by.above...)
	}
	return a
}

func root(t *testing.T) *authority {
	t.Helper()
	return issue(t, nil, func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.NotAfter = pkix.Name{CommonName: "Root of the test"}, true, time.Now().Add(3650*day)
	})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// server is a certificate for a server on 127.0.0.1.
func (a *authority) server(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	leaf := issue(t, a, func(c *x509.Certificate) {
		c.Subject, c.IPAddresses = pkix.Name{CommonName: "school.example"}, []net.IP{net.IPv4(127, 0, 0, 1)}
		change(c)
	})
	return tls.Certificate{Certificate: leaf.above, PrivateKey: leaf.key}
}

// alone is a certificate that only its own server vouches for.
func alone(t *testing.T) tls.Certificate {
	t.Helper()
	made := issue(t, nil, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} })
	return tls.Certificate{Certificate: [][]byte{made.certificate.Raw}, PrivateKey: made.key}
}

// quiet is where a server's log of what it refuses goes.
var quiet = log.New(io.Discard, "", 0)
