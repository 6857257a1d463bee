"""What PostgreSQL is asked of batches, in its own words."""

# The file's row is held meanwhile, so that a batch begins before a deletion sees it, or not at all.
CREATE = """
WITH input AS (SELECT id FROM gateway.files WHERE id = $5 AND tenant = $2 AND expires_at > now() FOR SHARE)
INSERT INTO gateway.batches (id, tenant, key_id, status, endpoint, input_file_id, metadata, output_kept_s, expires_at)
SELECT $1::uuid, $2::text, $3::text, 'validating', $4::text, id, $6::text, $7::integer,
       now() + make_interval(secs => $8) FROM input
ON CONFLICT (id) DO NOTHING RETURNING *
"""
FIND = "SELECT * FROM gateway.batches WHERE tenant = $1 AND id = $2"
LIST = """
SELECT * FROM gateway.batches b
 WHERE tenant = $1 AND ($2::uuid IS NULL OR (b.created_at, b.id) <
       (SELECT a.created_at, a.id FROM gateway.batches a WHERE a.id = $2 AND a.tenant = $1))
 ORDER BY b.created_at DESC, b.id DESC LIMIT $3
"""
STANDS = "SELECT true FROM gateway.batches WHERE tenant = $1 AND id = $2"
CANCEL = """
UPDATE gateway.batches SET status = 'cancelling', cancelling_at = now()
 WHERE tenant = $1 AND id = $2 AND status IN ('validating', 'in_progress') RETURNING *
"""
# Those past their window need no seat. A batch that was given back or is over tells when its tenant had its turn.
STANDING = """
SELECT tenant, count(*) FILTER (WHERE leased_until >= now()) AS driven,
       count(*) FILTER (WHERE leased_until < now()) AS waiting,
       (SELECT max(o.leased_until) FROM gateway.batches o WHERE o.tenant = b.tenant
           AND o.leased_until > '-infinity' AND o.created_at > now() - interval '2 days') AS last_at
  FROM gateway.batches b WHERE status = ANY($1) AND expires_at > now() GROUP BY tenant
"""
# Whoever drives one renews its lease; what is not renewed another takes, under a higher fence.
LEASE = """
UPDATE gateway.batches SET fence = fence + 1, leased_until = now() + make_interval(secs => $1)
 WHERE id IN (SELECT id FROM gateway.batches
               WHERE status = ANY($2) AND leased_until < now() AND ($4::text IS NULL OR tenant = $4)
                 AND (expires_at <= now()) = $5
               ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
RENEW = """
UPDATE gateway.batches SET leased_until = now() + make_interval(secs => $3)
 WHERE id = $1 AND fence = $2 RETURNING status, expires_at <= now() AS is_over
"""
RELEASE = "UPDATE gateway.batches SET leased_until = now() WHERE id = $1 AND fence = $2"
BEGIN = """
UPDATE gateway.batches SET in_progress_at = now(), total = $3,
       status = CASE status WHEN 'validating' THEN 'in_progress' ELSE status END
 WHERE id = $1 AND fence = $2 RETURNING true
"""
FINALIZE = """
UPDATE gateway.batches SET finalizing_at = coalesce(finalizing_at, now()),
       status = CASE status WHEN 'in_progress' THEN 'finalizing' ELSE status END
 WHERE id = $1 AND fence = $2 RETURNING true
"""
LINES = """
SELECT number, tries, request_id, asked_at, ended_at IS NOT NULL FROM gateway.batch_lines
 WHERE batch_id = $1 AND (ended_at IS NOT NULL OR request_id IS NOT NULL)
"""
ERASED = "SELECT number FROM gateway.batch_lines WHERE batch_id = $1 AND erased_at IS NOT NULL"
# The first to write a try's id has it: whoever else asks this line is told that one, and says no other. What was
# erased becomes no further request. What a line was before stays known: whoever erases that means the line.
ASK = """
WITH asked AS (
    SELECT n.batch_id, n.number, n.tries, n.request_id
      FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::integer[], $5::uuid[])
           AS n (batch_id, fence, number, tries, request_id)
      JOIN gateway.batches b ON b.id = n.batch_id AND b.fence = n.fence),
earlier AS (
    INSERT INTO gateway.earlier_requests (request_id, batch_id, number)
    SELECT l.request_id, l.batch_id, l.number
      FROM gateway.batch_lines l JOIN asked USING (batch_id, number)
     WHERE l.tries < asked.tries AND l.request_id IS NOT NULL AND l.erased_at IS NULL
    ON CONFLICT DO NOTHING)
INSERT INTO gateway.batch_lines AS l (batch_id, number, tries, request_id, asked_at)
SELECT batch_id, number, tries, request_id, now() FROM asked ORDER BY batch_id, number
ON CONFLICT (batch_id, number) DO UPDATE
   SET request_id = CASE WHEN l.tries < EXCLUDED.tries AND l.erased_at IS NULL
                         THEN EXCLUDED.request_id ELSE l.request_id END,
       asked_at = CASE WHEN l.tries < EXCLUDED.tries THEN EXCLUDED.asked_at ELSE l.asked_at END,
       tries = greatest(l.tries, EXCLUDED.tries)
RETURNING batch_id, number, tries, request_id, asked_at, erased_at IS NOT NULL
"""
MINE = "SELECT status FROM gateway.batches WHERE id = $1 AND fence = $2 FOR UPDATE"
# Of a statement that was lost on its way back nothing is done twice.
IS_NOTED = "SELECT 1 FROM gateway.batch_lines WHERE batch_id = $1 AND number = $2 AND ended_at IS NOT NULL"
END_LINES = """
INSERT INTO gateway.batch_lines (batch_id, number, ended_at)
SELECT $1, number, now() FROM unnest($2::integer[]) AS number
ON CONFLICT (batch_id, number) DO UPDATE SET ended_at = now()
"""
KEEP_PART = """
INSERT INTO gateway.file_parts (file_id, number, body, size)
SELECT $1, coalesce(max(number) + 1, 0), $2, $3 FROM gateway.file_parts WHERE file_id = $1
"""
COUNT = """
UPDATE gateway.batches SET completed = completed + $2, failed = failed + $3, input_tokens = input_tokens + $4,
       cached_tokens = cached_tokens + $5, output_tokens = output_tokens + $6, reasoning_tokens = reasoning_tokens + $7
 WHERE id = $1
"""
SIZE = "SELECT sum(size) FROM gateway.file_parts WHERE file_id = $1"
END = """
UPDATE gateway.batches SET status = $2, errors = $3, output_file_id = $4, error_file_id = $5, fence = fence + 1,
       completed_at = CASE WHEN $2 = 'completed' THEN now() END, failed_at = CASE WHEN $2 = 'failed' THEN now() END,
       expired_at = CASE WHEN $2 = 'expired' THEN now() END, cancelled_at = CASE WHEN $2 = 'cancelled' THEN now() END
 WHERE id = $1
"""
FORGET = """
WITH gone AS (
    DELETE FROM gateway.batches WHERE id IN (
        SELECT id FROM gateway.batches
         WHERE created_at < now() - make_interval(days => $1) AND status <> ALL($2) LIMIT $3) RETURNING id),
lines AS (DELETE FROM gateway.batch_lines l USING gone WHERE l.batch_id = gone.id),
earlier AS (DELETE FROM gateway.earlier_requests e USING gone WHERE e.batch_id = gone.id)
SELECT count(*) FROM gone
"""
