-- +goose Up
-- Once somebody has said which store a sales channel is, or that it is none, it is not linked by itself any more.
ALTER TABLE fynd_applications ADD COLUMN chosen boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE fynd_applications DROP COLUMN chosen;
