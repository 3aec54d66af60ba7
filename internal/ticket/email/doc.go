// Package email carries tickets to an operator by SMTP.
//
// A letter keeps its own Message-ID for ever and says that a machine wrote it
// (RFC 3834, Auto-Submitted). SMTP cannot promise "once": after a crash between
// the server's 250 and our commit the same Message-ID leaves again.
//
// The package refuses to read mail and to decide what to say.
package email
