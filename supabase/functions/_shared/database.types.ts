export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "payments": {
    Tables: {
      "checkout_sessions": {
        Row: {
          "amount_total": number | null;
          "created_at": string;
          "currency": string | null;
          "customer_country": string | null;
          "customer_id": string | null;
          "expires_at": string;
          "id": string;
          "mode": string;
          "payment_id": string | null;
          "payment_status": string;
          "status": string | null;
          "subscription_id": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "amount_total"?: number | null;
          "created_at": string;
          "currency"?: string | null;
          "customer_country"?: string | null;
          "customer_id"?: string | null;
          "expires_at": string;
          "id": string;
          "mode": string;
          "payment_id"?: string | null;
          "payment_status": string;
          "status"?: string | null;
          "subscription_id"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "amount_total"?: number | null;
          "created_at"?: string;
          "currency"?: string | null;
          "customer_country"?: string | null;
          "customer_id"?: string | null;
          "expires_at"?: string;
          "id"?: string;
          "mode"?: string;
          "payment_id"?: string | null;
          "payment_status"?: string;
          "status"?: string | null;
          "subscription_id"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "customers": {
        Row: {
          "created_at": string;
          "currency": string | null;
          "deleted_at": string | null;
          "delinquent": boolean;
          "id": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at": string;
          "currency"?: string | null;
          "deleted_at"?: string | null;
          "delinquent"?: boolean;
          "id": string;
          "user_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "currency"?: string | null;
          "deleted_at"?: string | null;
          "delinquent"?: boolean;
          "id"?: string;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "disputes": {
        Row: {
          "amount": number;
          "charge_id": string;
          "created_at": string;
          "currency": string;
          "evidence_due_by": string | null;
          "id": string;
          "payment_id": string | null;
          "reason": string;
          "status": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "amount": number;
          "charge_id": string;
          "created_at": string;
          "currency": string;
          "evidence_due_by"?: string | null;
          "id": string;
          "payment_id"?: string | null;
          "reason": string;
          "status": string;
          "user_id"?: string | null;
        };
        Update: {
          "amount"?: number;
          "charge_id"?: string;
          "created_at"?: string;
          "currency"?: string;
          "evidence_due_by"?: string | null;
          "id"?: string;
          "payment_id"?: string | null;
          "reason"?: string;
          "status"?: string;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "entitlements": {
        Row: {
          "customer_id": string;
          "feature_id": string;
          "id": string;
          "lookup_key": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "customer_id": string;
          "feature_id": string;
          "id": string;
          "lookup_key": string;
          "user_id"?: string | null;
        };
        Update: {
          "customer_id"?: string;
          "feature_id"?: string;
          "id"?: string;
          "lookup_key"?: string;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "invoices": {
        Row: {
          "amount_due": number;
          "amount_paid": number;
          "amount_remaining": number;
          "billing_reason": string | null;
          "created_at": string;
          "currency": string;
          "customer_id": string | null;
          "deleted_at": string | null;
          "due_date": string | null;
          "id": string;
          "number": string | null;
          "period_end": string | null;
          "period_start": string | null;
          "status": string | null;
          "subscription_id": string | null;
          "total": number;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "amount_due": number;
          "amount_paid": number;
          "amount_remaining": number;
          "billing_reason"?: string | null;
          "created_at": string;
          "currency": string;
          "customer_id"?: string | null;
          "deleted_at"?: string | null;
          "due_date"?: string | null;
          "id": string;
          "number"?: string | null;
          "period_end"?: string | null;
          "period_start"?: string | null;
          "status"?: string | null;
          "subscription_id"?: string | null;
          "total": number;
          "user_id"?: string | null;
        };
        Update: {
          "amount_due"?: number;
          "amount_paid"?: number;
          "amount_remaining"?: number;
          "billing_reason"?: string | null;
          "created_at"?: string;
          "currency"?: string;
          "customer_id"?: string | null;
          "deleted_at"?: string | null;
          "due_date"?: string | null;
          "id"?: string;
          "number"?: string | null;
          "period_end"?: string | null;
          "period_start"?: string | null;
          "status"?: string | null;
          "subscription_id"?: string | null;
          "total"?: number;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "outbox": {
        Row: {
          "attempts": number;
          "created_at": string;
          "delivered_at": string | null;
          "id": string;
          "kind": string;
          "last_error": string | null;
          "lease": number | null;
          "leased_until": string | null;
          "next_attempt_at": string;
          "object_id": string;
          "occurrence": string;
          "payload": NonNullable<Json>;
          "state": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "created_at"?: string;
          "delivered_at"?: string | null;
          "id"?: string;
          "kind": string;
          "last_error"?: string | null;
          "lease"?: number | null;
          "leased_until"?: string | null;
          "next_attempt_at"?: string;
          "object_id": string;
          "occurrence": string;
          "payload": NonNullable<Json>;
          "state"?: string;
          "user_id"?: string | null;
        };
        Update: {
          "attempts"?: number;
          "created_at"?: string;
          "delivered_at"?: string | null;
          "id"?: string;
          "kind"?: string;
          "last_error"?: string | null;
          "lease"?: number | null;
          "leased_until"?: string | null;
          "next_attempt_at"?: string;
          "object_id"?: string;
          "occurrence"?: string;
          "payload"?: NonNullable<Json>;
          "state"?: string;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "payment_methods": {
        Row: {
          "card_brand": string | null;
          "card_exp_month": number | null;
          "card_exp_year": number | null;
          "card_last4": string | null;
          "created_at": string;
          "customer_id": string | null;
          "id": string;
          "type": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "card_brand"?: string | null;
          "card_exp_month"?: number | null;
          "card_exp_year"?: number | null;
          "card_last4"?: string | null;
          "created_at": string;
          "customer_id"?: string | null;
          "id": string;
          "type": string;
          "user_id"?: string | null;
        };
        Update: {
          "card_brand"?: string | null;
          "card_exp_month"?: number | null;
          "card_exp_year"?: number | null;
          "card_last4"?: string | null;
          "created_at"?: string;
          "customer_id"?: string | null;
          "id"?: string;
          "type"?: string;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "payments": {
        Row: {
          "amount": number;
          "amount_received": number;
          "canceled_at": string | null;
          "created_at": string;
          "currency": string;
          "customer_id": string | null;
          "decline_code": string | null;
          "failure_code": string | null;
          "id": string;
          "status": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "amount": number;
          "amount_received": number;
          "canceled_at"?: string | null;
          "created_at": string;
          "currency": string;
          "customer_id"?: string | null;
          "decline_code"?: string | null;
          "failure_code"?: string | null;
          "id": string;
          "status": string;
          "user_id"?: string | null;
        };
        Update: {
          "amount"?: number;
          "amount_received"?: number;
          "canceled_at"?: string | null;
          "created_at"?: string;
          "currency"?: string;
          "customer_id"?: string | null;
          "decline_code"?: string | null;
          "failure_code"?: string | null;
          "id"?: string;
          "status"?: string;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "prices": {
        Row: {
          "active": boolean;
          "billing_scheme": string;
          "created_at": string;
          "currency": string;
          "deleted_at": string | null;
          "id": string;
          "lookup_key": string | null;
          "product_id": string;
          "recurring_interval": string | null;
          "recurring_interval_count": number | null;
          "recurring_usage_type": string | null;
          "transforms_quantity": boolean;
          "type": string;
          "unit_amount": number | null;
        };
        ComputedFields: never;
        Insert: {
          "active": boolean;
          "billing_scheme": string;
          "created_at": string;
          "currency": string;
          "deleted_at"?: string | null;
          "id": string;
          "lookup_key"?: string | null;
          "product_id": string;
          "recurring_interval"?: string | null;
          "recurring_interval_count"?: number | null;
          "recurring_usage_type"?: string | null;
          "transforms_quantity"?: boolean;
          "type": string;
          "unit_amount"?: number | null;
        };
        Update: {
          "active"?: boolean;
          "billing_scheme"?: string;
          "created_at"?: string;
          "currency"?: string;
          "deleted_at"?: string | null;
          "id"?: string;
          "lookup_key"?: string | null;
          "product_id"?: string;
          "recurring_interval"?: string | null;
          "recurring_interval_count"?: number | null;
          "recurring_usage_type"?: string | null;
          "transforms_quantity"?: boolean;
          "type"?: string;
          "unit_amount"?: number | null;
        };
        Relationships: [];
      };
      "products": {
        Row: {
          "active": boolean;
          "created_at": string;
          "deleted_at": string | null;
          "description": string | null;
          "id": string;
          "name": string;
        };
        ComputedFields: never;
        Insert: {
          "active": boolean;
          "created_at": string;
          "deleted_at"?: string | null;
          "description"?: string | null;
          "id": string;
          "name": string;
        };
        Update: {
          "active"?: boolean;
          "created_at"?: string;
          "deleted_at"?: string | null;
          "description"?: string | null;
          "id"?: string;
          "name"?: string;
        };
        Relationships: [];
      };
      "refunds": {
        Row: {
          "amount": number;
          "charge_id": string | null;
          "created_at": string;
          "currency": string;
          "failure_reason": string | null;
          "id": string;
          "payment_id": string | null;
          "reason": string | null;
          "status": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "amount": number;
          "charge_id"?: string | null;
          "created_at": string;
          "currency": string;
          "failure_reason"?: string | null;
          "id": string;
          "payment_id"?: string | null;
          "reason"?: string | null;
          "status"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "amount"?: number;
          "charge_id"?: string | null;
          "created_at"?: string;
          "currency"?: string;
          "failure_reason"?: string | null;
          "id"?: string;
          "payment_id"?: string | null;
          "reason"?: string | null;
          "status"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "subscription_items": {
        Row: {
          "currency": string;
          "current_period_end": string | null;
          "current_period_start": string | null;
          "id": string;
          "price_id": string;
          "product_id": string;
          "quantity": number | null;
          "recurring_interval": string | null;
          "recurring_interval_count": number | null;
          "subscription_id": string;
          "unit_amount": number | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "currency": string;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "id": string;
          "price_id": string;
          "product_id": string;
          "quantity"?: number | null;
          "recurring_interval"?: string | null;
          "recurring_interval_count"?: number | null;
          "subscription_id": string;
          "unit_amount"?: number | null;
          "user_id"?: string | null;
        };
        Update: {
          "currency"?: string;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "id"?: string;
          "price_id"?: string;
          "product_id"?: string;
          "quantity"?: number | null;
          "recurring_interval"?: string | null;
          "recurring_interval_count"?: number | null;
          "subscription_id"?: string;
          "unit_amount"?: number | null;
          "user_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "subscription_items_subscription_id_fkey";
            columns: ["subscription_id"];
            isOneToOne: false;
            referencedRelation: "subscriptions";
            referencedColumns: ["id"];
          },
        ];
      };
      "subscriptions": {
        Row: {
          "cancel_at": string | null;
          "cancel_at_period_end": boolean;
          "canceled_at": string | null;
          "created_at": string;
          "currency": string | null;
          "current_period_end": string | null;
          "current_period_start": string | null;
          "customer_id": string;
          "ended_at": string | null;
          "id": string;
          "latest_invoice_id": string | null;
          "status": string;
          "trial_end": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "cancel_at"?: string | null;
          "cancel_at_period_end": boolean;
          "canceled_at"?: string | null;
          "created_at": string;
          "currency"?: string | null;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "customer_id": string;
          "ended_at"?: string | null;
          "id": string;
          "latest_invoice_id"?: string | null;
          "status": string;
          "trial_end"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "cancel_at"?: string | null;
          "cancel_at_period_end"?: boolean;
          "canceled_at"?: string | null;
          "created_at"?: string;
          "currency"?: string | null;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "customer_id"?: string;
          "ended_at"?: string | null;
          "id"?: string;
          "latest_invoice_id"?: string | null;
          "status"?: string;
          "trial_end"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
    };
    Views: {
      [_ in never]: never;
    };
    Functions: {
      "apply_scanned": {
        Args: { "p_as_of": number; "p_kind": string; "p_projections": Json; "p_ticket": number };
        Returns: number;
      };
      "authorize_checkout": { Args: { "p_request": Json }; Returns: Json };
      "authorize_portal": { Args: { "p_request": Json }; Returns: Json };
      "authorize_sync": { Args: { "p_request": Json }; Returns: Json };
      "begin_reconcile": {
        Args: { "p_forced": boolean; "p_lease_seconds": number; "p_mode": string };
        Returns: Json;
      };
      "begin_verification": {
        Args: { "p_forced": boolean; "p_lease_seconds": number };
        Returns: Json;
      };
      "check_incident_clocks": { Args: Record<PropertyKey, never>; Returns: number };
      "check_session": { Args: { "p_session_id": string; "p_user_id": string }; Returns: boolean };
      "claim_alerts": { Args: { "p_lease_seconds": number; "p_limit": number }; Returns: Json };
      "claim_customer_deletions": {
        Args: { "p_lease_seconds": number; "p_limit": number };
        Returns: Json;
      };
      "claim_enforcements": {
        Args: { "p_lease_seconds": number; "p_limit": number };
        Returns: Json;
      };
      "claim_notices": { Args: { "p_lease_seconds": number; "p_limit": number }; Returns: Json };
      "claim_outbox": { Args: { "p_lease_seconds": number; "p_limit": number }; Returns: Json };
      "claim_outdated_values": {
        Args: { "p_after": string; "p_key_ids": (string)[]; "p_limit": number };
        Returns: Json;
      };
      "claim_refreshes": { Args: { "p_lease_seconds": number; "p_limit": number }; Returns: Json };
      "claim_refunds": { Args: { "p_lease_seconds": number; "p_limit": number }; Returns: Json };
      "claim_retries": { Args: { "p_lease_seconds": number; "p_limit": number }; Returns: Json };
      "claim_seal": { Args: { "p_lease_seconds": number }; Returns: Json };
      "detect": { Args: Record<PropertyKey, never>; Returns: number };
      "fail_anchor": { Args: { "p_error": string; "p_number": number }; Returns: undefined };
      "fail_reconcile": { Args: { "p_lease": number; "p_mode": string }; Returns: undefined };
      "fail_refresh": {
        Args: { "p_error": string; "p_kind": string; "p_object_id": string; "p_ticket": number };
        Returns: undefined;
      };
      "fail_seal": { Args: { "p_error": string; "p_lease": number }; Returns: undefined };
      "fail_verification": { Args: { "p_error": string; "p_lease": number }; Returns: undefined };
      "find_stray_rows": {
        Args: { "p_after": Json; "p_limit": number; "p_now": string };
        Returns: Json;
      };
      "find_untold_events": {
        Args: { "p_after": Json; "p_limit": number; "p_now": string };
        Returns: Json;
      };
      "finish_alert": {
        Args: { "p_error"?: string; "p_id": string; "p_lease": number };
        Returns: string;
      };
      "finish_customer_deletion": {
        Args: { "p_customer_id": string; "p_error"?: string; "p_lease": number };
        Returns: boolean;
      };
      "finish_enforcement": {
        Args: { "p_error"?: string; "p_id": string; "p_lease": number; "p_outcome"?: string };
        Returns: boolean;
      };
      "finish_notice": {
        Args: { "p_error"?: string; "p_id": string; "p_lease": number };
        Returns: string;
      };
      "finish_outbox": {
        Args: { "p_error"?: string; "p_id": string; "p_lease": number };
        Returns: string;
      };
      "finish_reconcile": {
        Args: { "p_began_at": number; "p_detail": Json; "p_lease": number; "p_mode": string };
        Returns: boolean;
      };
      "finish_refresh": {
        Args: {
          "p_account_id": string;
          "p_as_of": number;
          "p_found": boolean;
          "p_kind": string;
          "p_object_id": string;
          "p_projection": Json;
          "p_request_id": string;
          "p_ticket": number;
        };
        Returns: Json;
      };
      "finish_refund": {
        Args: {
          "p_error"?: string;
          "p_id": string;
          "p_lease": number;
          "p_refund_id"?: string;
          "p_refused_code"?: string;
        };
        Returns: boolean;
      };
      "finish_retry": {
        Args: {
          "p_created": number;
          "p_error"?: string;
          "p_event_id": string;
          "p_lease": number;
          "p_projection": Json;
          "p_request_id": string;
        };
        Returns: string;
      };
      "finish_verification": { Args: { "p_lease": number; "p_report": Json }; Returns: boolean };
      "has_entitlement": { Args: { "p_lookup_key": string }; Returns: boolean };
      "ingest_event": { Args: { "p_event": Json }; Returns: Json };
      "learn_account": { Args: { "p_account_id": string; "p_found": boolean }; Returns: boolean };
      "list_purgeable_audit_months": { Args: Record<PropertyKey, never>; Returns: Json };
      "mark_for_refresh": { Args: { "p_objects": Json }; Returns: undefined };
      "mark_unseen": { Args: { "p_kind": string; "p_ticket": number }; Returns: number };
      "my_billing": { Args: Record<PropertyKey, never>; Returns: Json };
      "note_encryption_keys": { Args: { "p_key_ids": (string)[] }; Returns: undefined };
      "pause_reconcile": {
        Args: { "p_lease": number; "p_mode": string; "p_progress": Json };
        Returns: boolean;
      };
      "pause_verification": { Args: { "p_lease": number; "p_progress": Json }; Returns: boolean };
      "purge": { Args: { "p_forced": boolean }; Returns: Json };
      "purge_audit_month": { Args: { "p_month": string; "p_record": Json }; Returns: string };
      "read_metrics": { Args: Record<PropertyKey, never>; Returns: Json };
      "read_seals": { Args: { "p_after": number; "p_max_rows": number }; Returns: Json };
      "record_anchor": { Args: { "p_number": number; "p_target": string }; Returns: undefined };
      "record_checkout": { Args: { "p_result": Json }; Returns: Json };
      "record_found_event": { Args: { "p_event": Json }; Returns: Json };
      "record_operations": {
        Args: { "p_counts": Json; "p_key_fingerprint"?: string; "p_records": Json };
        Returns: undefined;
      };
      "record_portal": {
        Args: {
          "p_customer_id": string;
          "p_key_fingerprint": string;
          "p_request_id": string;
          "p_user_id": string;
        };
        Returns: undefined;
      };
      "record_replaced_checkout": { Args: { "p_result": Json }; Returns: undefined };
      "record_sync": { Args: { "p_result": Json }; Returns: Json };
      "release_checkout": {
        Args: { "p_reason": string; "p_request_id": string; "p_reservation_id": string };
        Returns: undefined;
      };
      "renew_checkout_key": {
        Args: { "p_reservation_id": string; "p_stripe_idempotency_key": string };
        Returns: Json;
      };
      "renew_customer_creation": {
        Args: { "p_creation_key": string; "p_user_id": string };
        Returns: Json;
      };
      "replace_encrypted_values": { Args: { "p_values": Json }; Returns: number };
      "scan_for_cards": { Args: { "p_forced": boolean }; Returns: Json };
      "staff_acknowledge_alert": { Args: { "p_alert": string; "p_reason": string }; Returns: Json };
      "staff_assess_incident": {
        Args: { "p_changes": Json; "p_incident": string; "p_reason": string };
        Returns: Json;
      };
      "staff_audit_status": { Args: Record<PropertyKey, never>; Returns: Json };
      "staff_close_incident": {
        Args: {
          "p_follow_ups": Json;
          "p_incident": string;
          "p_reason": string;
          "p_root_cause": string;
          "p_told_otherwise"?: string;
        };
        Returns: Json;
      };
      "staff_contain_incident": {
        Args: { "p_incident": string; "p_reason": string; "p_step": string; "p_subject"?: string };
        Returns: Json;
      };
      "staff_find_affected": {
        Args: { "p_incident": string; "p_reason": string; "p_search": Json };
        Returns: Json;
      };
      "staff_find_user": { Args: { "p_object_id": string; "p_reason": string }; Returns: Json };
      "staff_find_user_billing": {
        Args: { "p_reason": string; "p_user_id": string };
        Returns: Json;
      };
      "staff_grant_role": {
        Args: { "p_reason": string; "p_role": string; "p_user_id": string };
        Returns: Json;
      };
      "staff_list": { Args: { "p_reason": string }; Returns: Json };
      "staff_list_alert_rules": { Args: Record<PropertyKey, never>; Returns: Json };
      "staff_list_alerts": { Args: { "p_open"?: boolean; "p_reason": string }; Returns: Json };
      "staff_list_events": { Args: { "p_filter"?: Json; "p_limit"?: number }; Returns: Json };
      "staff_list_holds": { Args: { "p_reason": string }; Returns: Json };
      "staff_list_incidents": { Args: { "p_all"?: boolean; "p_reason": string }; Returns: Json };
      "staff_list_keys": { Args: Record<PropertyKey, never>; Returns: Json };
      "staff_list_legal_holds": { Args: { "p_reason": string }; Returns: Json };
      "staff_me": { Args: Record<PropertyKey, never>; Returns: Json };
      "staff_notify_affected": {
        Args: {
          "p_incident": string;
          "p_reason": string;
          "p_subject": string;
          "p_template": string;
        };
        Returns: Json;
      };
      "staff_open_incident": {
        Args: {
          "p_aware_at"?: string;
          "p_detected_at"?: string;
          "p_kind": string;
          "p_reason": string;
          "p_severity": string;
          "p_title": string;
        };
        Returns: Json;
      };
      "staff_place_legal_hold": {
        Args: {
          "p_from"?: string;
          "p_reason": string;
          "p_resource_id"?: string;
          "p_scope": string;
          "p_until"?: string;
          "p_user_id"?: string;
        };
        Returns: Json;
      };
      "staff_prove_audit_row": { Args: { "p_id": string; "p_reason": string }; Returns: Json };
      "staff_read_overview": { Args: { "p_minutes"?: number }; Returns: Json };
      "staff_read_retention": { Args: Record<PropertyKey, never>; Returns: Json };
      "staff_read_settings": { Args: Record<PropertyKey, never>; Returns: Json };
      "staff_record_authority_notice": {
        Args: {
          "p_incident": string;
          "p_notified_at"?: string;
          "p_reason": string;
          "p_reason_if_late"?: string;
          "p_reference"?: string;
        };
        Returns: Json;
      };
      "staff_refund": {
        Args: {
          "p_amount_minor": number;
          "p_payment_id": string;
          "p_reason": string;
          "p_request"?: string;
        };
        Returns: Json;
      };
      "staff_release_address": {
        Args: { "p_address_hash": string; "p_reason": string };
        Returns: Json;
      };
      "staff_release_hold": { Args: { "p_reason": string; "p_user_id": string }; Returns: Json };
      "staff_release_legal_hold": { Args: { "p_hold": string; "p_reason": string }; Returns: Json };
      "staff_replay_events": {
        Args: { "p_dry_run"?: boolean; "p_filter": Json; "p_reason": string };
        Returns: Json;
      };
      "staff_request_hold_release": {
        Args: { "p_hold": string; "p_reason": string };
        Returns: Json;
      };
      "staff_resolve_alert": { Args: { "p_alert": string; "p_reason": string }; Returns: Json };
      "staff_revoke_role": {
        Args: { "p_reason": string; "p_role": string; "p_user_id": string };
        Returns: Json;
      };
      "staff_search_audit": {
        Args: { "p_filter": Json; "p_limit"?: number; "p_reason": string };
        Returns: Json;
      };
      "staff_set_alert_rule": {
        Args: { "p_changes": Json; "p_reason": string; "p_rule": string };
        Returns: Json;
      };
      "staff_set_hold": { Args: { "p_reason": string; "p_user_id": string }; Returns: Json };
      "staff_set_kill_switch": {
        Args: { "p_reason": string; "p_stop": boolean; "p_switch": string };
        Returns: Json;
      };
      "staff_set_retention": {
        Args: { "p_class": string; "p_keep_days": number; "p_reason": string };
        Returns: Json;
      };
      "staff_show_event": { Args: { "p_event": string; "p_reason": string }; Returns: Json };
      "staff_show_incident": { Args: { "p_incident": string; "p_reason": string }; Returns: Json };
      "staff_update_settings": { Args: { "p_changes": Json; "p_reason": string }; Returns: Json };
      "store_seal": {
        Args: { "p_lease": number; "p_leaves": Json; "p_seal": Json };
        Returns: string;
      };
      "take_ticket": { Args: Record<PropertyKey, never>; Returns: number };
      "unanchored_head": { Args: Record<PropertyKey, never>; Returns: Json };
      "unknown_events": { Args: { "p_events": Json }; Returns: Json };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "payments">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "payments": {
    Enums: {},
  },
} as const;
