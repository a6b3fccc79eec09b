/** The pictures in docs/pictures, by their names, in pixels. */
export const PICTURES: Record<string, { width: number; height: number }> = {
  'dashboard.webp': { width: 1100, height: 640 },
  'dashboard-phone.webp': { width: 390, height: 844 },
  'prometheus-alerts.webp': { width: 1100, height: 770 },
}
