;;; imagewire-see-tests.el --- Images in documents and in the list  -*- lexical-binding: t; -*-

;;; Commentary:

;; A batch Emacs shows no images, so the functions that would are replaced.

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)
(require 'org)

(defmacro imagewire-tests--graphical (&rest body)
  "Run BODY as on a display that shows images; `shown' has their files, newest first."
  `(let (shown)
     (cl-letf (((symbol-function 'display-images-p) #'always)
               ((symbol-function 'display-graphic-p) #'always)
               ((symbol-function 'image-flush) #'ignore)
               ((symbol-function 'create-image) (lambda (file &rest _) (push file shown) (list 'image :type 'png :file file))))
       ,@body)))

(defun imagewire-tests--images ()
  "Return the files of the images that this buffer shows, in their order."
  (save-restriction
    (widen)
    ;; As redisplay would.
    (when (memq #'imagewire--show-lines jit-lock-functions) (jit-lock-fontify-now))
    (cl-loop for overlay in (sort (overlays-in (point-min) (point-max))
                                  (lambda (one other) (< (overlay-start one) (overlay-start other))))
             when (overlay-get overlay 'imagewire-image)
             collect (plist-get (cdr (get-text-property 1 'display (overlay-get overlay 'after-string))) :file))))

(ert-deftest imagewire-images-are-shown-at-their-links-and-hidden ()
  "Images are shown, go with their links, are hidden, and shown when a document is opened again [editor 35]."
  (imagewire-tests--graphical
   (imagewire-tests--with ((file (expand-file-name "images/a-fox.png" folder)))
     (imagewire-generate "a fox")
     (imagewire-tests--idle)
     (should imagewire-image-mode)
     (should (equal (imagewire-tests--images) (list file)))
     (insert "\n\n![another](images/a-fox.png) and ![gone](images/gone.png), ![far](https://example.com/a.png)\n")
     (should (equal (imagewire-tests--images) (list file file)))
     (imagewire-image-mode -1)
     (should-not (imagewire-tests--images))
     ;; What was hidden stays hidden with the next one.
     (imagewire-generate "a yak")
     (imagewire-tests--idle)
     (should-not (imagewire-tests--images))
     (should-not imagewire-image-mode)
     (save-buffer)
     (kill-buffer)
     (imagewire-global-image-mode)
     (unwind-protect
         (with-current-buffer (find-file-noselect (expand-file-name "note.md" folder))
           (should (eq major-mode 'fundamental-mode))
           (should imagewire-image-mode)
           (should (equal (imagewire-tests--images) (list file file (expand-file-name "images/a-yak.png" folder))))
           (erase-buffer)
           (should-not (overlays-in (point-min) (point-max)))
           (set-buffer-modified-p nil)
           (kill-buffer))
       (imagewire-global-image-mode -1))
     (set-buffer (get-buffer-create "*scratch*")))))

(ert-deftest imagewire-org-shows-its-own-images ()
  "In Org the mode is that of Org [editor 35]."
  (imagewire-tests--graphical
   (imagewire-tests--with ((file (expand-file-name "images/a-yak.png" folder)))
     (org-mode)
     (imagewire-generate "a yak")
     (imagewire-tests--idle)
     (should (equal shown (list file)))
     (should (cl-some (lambda (overlay) (overlay-get overlay 'org-image-overlay)) (overlays-in 1 (point-max))))
     (imagewire-image-mode -1)
     (should-not (cl-some (lambda (overlay) (overlay-get overlay 'org-image-overlay)) (overlays-in 1 (point-max))))
     (setq shown nil)
     (imagewire-image-mode 1)
     (should (equal shown (list file)))
     (imagewire-image-mode -1)
     (setq shown nil)
     (let ((imagewire-display-images nil))
       (imagewire-generate "a fox")
       (imagewire-tests--idle))
     (should-not shown))))

(ert-deftest imagewire-a-display-without-images-says-so ()
  "The command to show images says why none is shown [editor 36]."
  (imagewire-tests--with ()
    (imagewire-image-mode)
    (should (string-search "text terminal" (imagewire-tests--message "images cannot be shown")))
    (should-not imagewire-image-mode)))

(ert-deftest imagewire-partial-images-are-shown-meanwhile ()
  "A partial image is shown where the link is to appear, and goes with the whole one [editor 32]."
  (imagewire-tests--graphical
   (imagewire-tests--with ((go (expand-file-name "go" folder))
                           (imagewire-command
                            (imagewire-tests--fake (format "
case \"$line\" in
*'\"submit\"'*) reply '{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"id\":\"7\",\"status\":\"created\"}}' ;;
*'\"result\"'*)
  token=${line##*workDoneToken\\\":\\\"}; token=${token%%%%\\\"*}
  reply '{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":\"'\"$token\"'\",\"value\":{\"kind\":\"report\",\"message\":\"processing, preview 1, 2 s\"}}}' ;;
*'\"status\"'*)
  reply '{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"preview\":{\"path\":\"/proc/self/preview.png\"}}}'
  reply '{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":1,\"message\":\"the end of the test\"}}' ;;
esac"))))
     (cl-letf (((symbol-function 'file-readable-p) #'always)
               ((symbol-function 'imagewire--fail) (lambda (_work message) (push message imagewire-tests--said))))
       (imagewire-generate "a fox")
       (imagewire-tests--message "the end of the test")
       (let ((place (imagewire--work-place (car imagewire--in-progress))))
         (should (string-search "processing, preview 1" (overlay-get place 'after-string)))
         (should (member "/proc/self/preview.png" shown))
         (should (equal (get-text-property (- (length (overlay-get place 'after-string)) 2) 'display
                                           (overlay-get place 'after-string))
                        '(image :type png :file "/proc/self/preview.png")))
         (imagewire--finish (car imagewire--in-progress))
         (should-not (overlay-buffer place)))))))

(ert-deftest imagewire-the-list-has-small-images ()
  "The list shows a small image where the display can [editor 33]."
  (imagewire-tests--graphical
   (imagewire-tests--with ()
     (imagewire-generate "a zebra with a thumbnail")
     (imagewire-tests--idle)
     ;; The program makes it with a library that need not be there.
     (skip-unless (ignore-errors (imagewire--await :thumbnail (list :id (plist-get (imagewire-tests--newest) :id)))))
     (setq shown nil)
     (when (get-buffer "*imagewire*") (kill-buffer "*imagewire*"))
     (imagewire-list "a zebra with a thumbnail")
     (with-current-buffer "*imagewire*"
       (imagewire-tests--wait "the small image" (lambda () (text-property-not-all (point-min) (point-max) 'display nil)))
       (imagewire-tests--wait "its file" (lambda () (and shown (string-search "thumbnail" (car shown)))))
       (goto-char (point-min))
       (should (tabulated-list-get-id))
       (kill-buffer)))))

(provide 'imagewire-see-tests)
;;; imagewire-see-tests.el ends here
