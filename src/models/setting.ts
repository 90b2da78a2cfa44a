import { Schema } from 'mongoose';

/** A setting that ADMIN has made, under its name; `version` is another one after every change. */
export interface SettingRow {
  _id: string;
  version: number;
  value: unknown;
  updated_at: number;
}

export const settingSchema = new Schema<SettingRow>(
  {
    _id: { type: String, required: true },
    version: { type: Number, required: true },
    value: Schema.Types.Mixed,
    updated_at: { type: Number, required: true },
  } as never,
  { collection: 'settings', versionKey: false, strict: 'throw' },
);
