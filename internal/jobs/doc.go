// Package jobs runs what must happen once and survive a crash: River workers that
// call the services, and the periodic upkeep on a cron schedule.
//
// Jobs are enqueued by the store in the transaction that decided them; here they
// are only carried out. A job interrupted by a crash is taken up again within
// about a minute; every one of them is harmless to repeat.
//
// The package refuses to decide anything: a worker hands its arguments to a
// service and reports what came back.
package jobs
