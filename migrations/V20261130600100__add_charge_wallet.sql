-- Charges an answer, or holds the most that it may cost: see `Wallet::commit` and `Wallet::hold`. One call is
-- one transaction and one round trip: a payer's row is locked for no longer than the server needs.
--
-- Locks are taken in one order: the request, the wallet or the lease, the budget, the charge. What loses a
-- race for a row that does not exist yet fails with serialization_failure and is tried again.
create function charge_wallet(wanted charge, others bytea[])
  returns table (outcome text, attempt int, remaining bigint, existing charge)
  language plpgsql set lock_timeout = '500ms' as $$
#variable_conflict use_column
declare
  amount constant bigint := case when wanted.state = 1 then wanted.most else wanted.cost end;
  payer wallet;
  lease credit_lease;
  known charge;
  attempts int;
begin
  -- The answer leaves after this, so it must survive a crash of the server.
  perform set_config('synchronous_commit', 'on', true);
  -- One at a time for one request, under whichever of its ids.
  perform pg_advisory_xact_lock(hashtextextended(encode(wanted.request, 'hex'), wanted.payer_id));
  if wanted.lease_id is null then
    select * into payer from wallet w where w.payer_id = wanted.payer_id for update;
  else
    select * into lease from credit_lease l
      where l.payer_id = wanted.payer_id and l.lease_id = wanted.lease_id for update;
  end if;

  for known in select c.* from charge c
    where c.payer_id = wanted.payer_id and c.charge_id = any (wanted.charge_id || others) and c.state <> 4
    order by c.charge_id <> wanted.charge_id, c.charge_id
  loop
    if known.nonce = wanted.nonce then
      return query select 'charged', coalesce(known.attempt, 1), null::bigint, null::charge;
    elsif known.request <> wanted.request then
      return query select 'other_request', null::int, null::bigint, known;
    elsif known.state = 1 then
      return query select 'in_progress', null::int, null::bigint, known;
    elsif known.replays >= 10 then
      return query select 'exhausted', null::int, null::bigint, known;
    else
      update charge c set replays = c.replays + 1
        where c.payer_id = known.payer_id and c.charge_id = known.charge_id returning c.* into known;
      return query select 'replay', null::int, null::bigint, known;
    end if;
    return;
  end loop;

  if wanted.lease_id is null then
    if payer.status = 3 then
      return query select 'frozen', null::int, null::bigint, null::charge;
      return;
    elsif coalesce(payer.available, 0) < amount then
      return query select 'insufficient', null::int, coalesce(payer.available, 0), null::charge;
      return;
    end if;
  elsif lease.is_open is not true then
    return query select 'lease_closed', null::int, null::bigint, null::charge;
    return;
  elsif lease.unspent < amount then
    return query select 'lease_spent', null::int, lease.unspent, null::charge;
    return;
  end if;

  if wanted.budget_day is not null then
    update daily_budget b set spent = b.spent + amount
      where b.payer_id = wanted.payer_id and b.key_id = wanted.key_id and b.day = wanted.budget_day
        and b.cap - b.spent >= amount;
    if not found then
      return query select 'over_budget', null::int, b.cap - b.spent, null::charge from daily_budget b
        where b.payer_id = wanted.payer_id and b.key_id = wanted.key_id and b.day = wanted.budget_day;
      if found then
        return;
      elsif wanted.budget_cap < amount then
        return query select 'over_budget', null::int, wanted.budget_cap, null::charge;
        return;
      end if;
      insert into daily_budget (payer_id, key_id, day, cap, spent)
        values (wanted.payer_id, wanted.key_id, wanted.budget_day, wanted.budget_cap, amount)
        on conflict do nothing;
      if not found then
        raise exception 'the first claims of one budget met' using errcode = 'serialization_failure';
      end if;
    end if;
  end if;

  delete from charge c
    where c.payer_id = wanted.payer_id and c.charge_id = wanted.charge_id and c.state = 4
    returning coalesce(c.attempt, 0) into attempts;
  if wanted.state = 1 then
    wanted.attempt := coalesce(attempts, 0) + 1;
  end if;
  insert into charge select wanted.* on conflict do nothing;
  if not found then
    raise exception 'two requests met under one id' using errcode = 'serialization_failure';
  end if;

  if wanted.lease_id is not null then
    update credit_lease l set unspent = l.unspent - amount
      where l.payer_id = wanted.payer_id and l.lease_id = wanted.lease_id;
  elsif wanted.state = 1 then
    update wallet w set available = w.available - amount, held = w.held + amount
      where w.payer_id = wanted.payer_id;
  else
    update wallet w set available = w.available - amount, spent = w.spent + amount
      where w.payer_id = wanted.payer_id;
  end if;
  return query select 'charged', coalesce(wanted.attempt, 1), null::bigint, null::charge;
end $$;
