package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/intake"
)

var (
	sqlHeldAll = query("import_held.all", `
		SELECT h.id, q.among, q.name, q.commune, q.address, h.into_table, h.into_column, h.keep, h.file, h.line,
			h.columns, h.sources, h.cells, h.held_at
		FROM import_held h JOIN import_question q ON q.id = h.question_id ORDER BY h.id`)
	sqlAnswers = query("import_question.answers", `
		SELECT among, name, commune, address, meant FROM import_question WHERE meant IS NOT NULL`)
	sqlQuestionPut = query("import_question.put", `
		INSERT INTO import_question (among, name, commune, address) VALUES (@among, @name, @commune, @address)
		ON CONFLICT (md5(among || E'\n' || name || E'\n' || commune || E'\n' || address)) DO UPDATE SET among = excluded.among RETURNING id`)
	sqlHeldPut = query("import_held.put", `
		INSERT INTO import_held (question_id, into_table, into_column, keep, file, line, columns, sources, cells, held_at)
		VALUES (@question, @table, @column, @keep, @file, @line, @columns, @sources, @cells, @at)`)
	sqlHeldDelete  = query("import_held.delete", `DELETE FROM import_held WHERE id = ANY(@ids)`)
	sqlQuestionSet = query("import_question.set", `
		UPDATE import_question SET meant = @meant, answered_at = @at, answered_by = @by
		WHERE among = @among AND name = @name AND commune = @commune AND address = @address`)
)

type heldRow struct {
	ID                            int64
	Among, Name, Commune, Address string
	IntoTable, IntoColumn         string
	Keep                          bool
	File                          string
	Line                          int
	Columns, Sources, Cells       []string
	HeldAt                        time.Time
}

func (r heldRow) held() intake.Held {
	return intake.Held{
		ID: r.ID, Question: intake.Question{Among: r.Among, Name: r.Name, Commune: r.Commune, Address: r.Address},
		Table: r.IntoTable, Column: r.IntoColumn, Keep: r.Keep, File: r.File, Line: r.Line,
		Columns: r.Columns, Sources: r.Sources, Cells: r.Cells, At: r.HeldAt.UTC(),
	}
}

type answerRow struct{ Among, Name, Commune, Address, Meant string }

func (r answerRow) answer() intake.Answer {
	return intake.Answer{Question: intake.Question{Among: r.Among, Name: r.Name, Commune: r.Commune, Address: r.Address}, Key: r.Meant}
}

// saveReview writes the rows that wait, forgets those that wait no more, and keeps the
// answers for the files to come.
func saveReview(ctx context.Context, tx pgx.Tx, saving intake.Saving) error {
	for _, h := range saving.Hold {
		q := h.Question
		var id int64
		asked := pgx.NamedArgs{"among": q.Among, "name": q.Name, "commune": q.Commune, "address": q.Address}
		if err := tx.QueryRow(ctx, sqlQuestionPut, asked).Scan(&id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlHeldPut, pgx.NamedArgs{
			"question": id, "table": h.Table, "column": h.Column, "keep": h.Keep, "file": h.File, "line": h.Line,
			"columns": h.Columns, "sources": h.Sources, "cells": h.Cells, "at": h.At,
		})
		if err != nil {
			return err
		}
	}
	for _, a := range saving.Answers {
		said := saving.Entries[0]
		_, err := tx.Exec(ctx, sqlQuestionSet, pgx.NamedArgs{
			"among": a.Among, "name": a.Name, "commune": a.Commune, "address": a.Address, "meant": a.Key, "at": said.At, "by": said.Actor,
		})
		if err != nil {
			return err
		}
	}
	if len(saving.Settled) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, sqlHeldDelete, pgx.NamedArgs{"ids": saving.Settled})
	return err
}
